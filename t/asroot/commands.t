#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# usermgmt called by root in folders of other users: it works with their rights, so that no link of theirs leads it to a
# file of root's.
use strict;
use warnings;
use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmTest ();

die "for root, by ./runtests\n" if $> || !$ENV{UM_TEST_BUILD};
my $cli = "$ENV{UM_TEST_BUILD}/src/usermgmt";
my ($user) = grep { defined getpwnam $_ } qw(www-data nobody);
my ($uid, $gid) = (getpwnam $user)[2, 3];
my $top = File::Temp::tempdir('usermgmt-root.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $top or die "$!\n";
my $hash = 'A' x 43;

sub usermgmt { return UmTest::run('timeout', 60, $cli, @_) }

sub ends {
    my ($want, $pattern, @words) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $said) = usermgmt(@words);
    return ok($status == $want && $said =~ $pattern, "usermgmt @words: $want") || diag("$status $said");
}

sub spew {
    my ($file, $text, $mode) = @_;
    open my $out, '>', $file or die "$file: $!\n";
    print {$out} $text;
    close $out or die "$!\n";
    chmod $mode, $file or die "$!\n";
    return $file;
}

sub folder {
    my ($name, $mode, @owner) = @_;
    mkdir "$top/$name" or die "$!\n";
    chown @owner, "$top/$name" or die "$!\n" if @owner;
    chmod $mode, "$top/$name" or die "$!\n";
    return "$top/$name";
}

sub owner_and_mode {
    my ($file) = @_;
    my @info = lstat $file or return "$file: none";
    return sprintf '%d %d %o', @info[4, 5], $info[2] & 07777;
}

sub as_user {
    my (@command) = @_;
    my ($status, $said) = UmTest::run('setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups', @command);
    die "@command: $said\n" if $status;
    return;
}

my ($theirs, $own, $shared) = (folder(theirs => 0755, $uid, $gid), folder(own => 0700), folder(shared => 0777));
my $victim = spew("$own/victim", "secret $hash\n", 0600);

# ---- keys ----------------------------------------------------------------------------------------------------------

ends(0, qr/\.pem$/, qw(key new), "$theirs/keys");
is(owner_and_mode("$theirs/keys"), "$uid $gid 700", 'a folder of keys in another\'s folder is theirs');
is(join(' ', map { owner_and_mode($_) } glob "$theirs/keys/*.pem"), "$uid $gid 600",
    'the keys belong to the owner of the folder');
as_user('ln', '-s', $own, "$theirs/link");
ends(4, qr/cannot be made|denied/, qw(key new), "$theirs/link/keys");
as_user('ln', '-s', $victim, "$theirs/keys/zzz.pem");
ends(4, qr/zzz\.pem: cannot be opened/, qw(key list), "$theirs/keys");
ends(1, qr/zzz\.pem: cannot be opened/, qw(key rotate), "$theirs/keys");
ends(1, qr/shared can be written by others: root does not work in it/, qw(key new), "$shared/keys");
is(join(' ', sort map { s{.*/}{}r } glob "$own/*"), 'victim', 'nothing was made at the end of a link');

# ---- clients -------------------------------------------------------------------------------------------------------

my $clients = spew("$own/clients", '', 0640);
chown 0, $gid, $clients or die "$!\n";
symlink $clients, "$own/link" or die "$!\n";
ends(0, qr/\Aumc_/, qw(client new), "$own/link", 'front');
is(owner_and_mode($clients), "0 $gid 640", 'a file of clients keeps owner, group and mode');
ok(-l "$own/link", "root's own link is followed");
as_user('ln', '-s', $victim, "$theirs/clients");
for my $words ([qw(client new), "$theirs/clients", 'front'], [qw(client remove), "$theirs/clients", 'secret'],
    [qw(client list), "$theirs/clients"])
{
    ends(4, qr/denied/, @$words);
}
# Through a link of root's into a folder of theirs.
symlink "$theirs/clients", "$own/there" or die "$!\n";
ends(4, qr/denied/, qw(client remove), "$own/there", 'secret');
as_user('rm', "$theirs/clients");
ends(0, qr/\Aumc_/, qw(client new), "$theirs/clients", 'front');
is(owner_and_mode("$theirs/clients"), "$uid $gid 600", 'a new file of theirs is made by their rights');
# In a folder like /tmp.
my $sticky = folder(sticky => 01777);
{
    my @database = ('--driver', 'sqlite3', '--params', "$own/accounts.db");
    ends(0, qr/^applied/, @database, qw(schema upgrade));
    as_user('sh', '-c', 'echo theirs > "$0"', "$sticky/export");
    ends(4, qr/export: it belongs to another user, who could read what is written/, @database, qw(user export --format jsonl),
        "$sticky/export");
    open my $in, '<', "$sticky/export" or die "$!\n";
    is(scalar <$in>, "theirs\n", 'an export is not written into a file of another user');
    ends(0, qr/0 accounts written/, @database, qw(user export --format jsonl), "$sticky/own");
    is(owner_and_mode("$sticky/own"), '0 0 600', "a file of root's is closed");
}
as_user('ln', '-s', $clients, "$sticky/link");
ends(1, qr/is a link that another user has made/, qw(client list), "$sticky/link");
is(owner_and_mode($victim), '0 0 600', "root's file is untouched");
{
    open my $in, '<', $victim or die "$!\n";
    is(scalar <$in>, "secret $hash\n", 'the file of the link keeps its content');
}

done_testing();
