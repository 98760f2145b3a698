#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# usermgmt called by root with the site's configuration: keys as root, the database with the rights of its owner, and a
# configuration of another user with that user's rights.
use strict;
use warnings;
use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmTest ();

die "for root, by ./runtests\n" if $> || !$ENV{UM_TEST_BUILD};
my $build = "$ENV{UM_TEST_BUILD}/src";
my ($user) = grep { defined getpwnam $_ } qw(www-data nobody);
my ($uid, $gid) = (getpwnam $user)[2, 3];
my $top = File::Temp::tempdir('usermgmt-root.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $top or die "$!\n";
my ($httpd) = grep { -x } qw(/usr/sbin/apache2 /usr/sbin/httpd /usr/local/apache2/bin/httpd);
my ($modules) = grep { -d } qw(/usr/lib/apache2/modules /usr/lib64/httpd/modules /usr/local/apache2/modules);
plan skip_all => 'httpd is not where it usually is' if !$httpd || !$modules;

sub ends {
    my ($want, $pattern, $config, @words) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $said) = UmTest::run('timeout', 60, "$build/usermgmt", '--httpd', $httpd, '--config', $config, @words);
    return ok($status == $want && $said =~ $pattern, "usermgmt @words: $want") || diag("$status $said");
}

sub folder {
    my ($name, $mode, @owner) = @_;
    mkdir "$top/$name" or die "$!\n";
    chown @owner, "$top/$name" or die "$!\n" if @owner;
    chmod $mode, "$top/$name" or die "$!\n";
    return "$top/$name";
}

sub configuration {
    my ($file) = @_;
    open my $out, '>', $file or die "$file: $!\n";
    print {$out} map { "$_\n" }
        (map { -e "$modules/mod_$_.so" ? "LoadModule ${_}_module $modules/mod_$_.so" : () } qw(mpm_event authn_core authz_core dbd)),
        "LoadModule usermgmt_module $top/mod_usermgmt.so", "ServerRoot $top", 'ServerName localhost', 'Listen 127.0.0.1:1',
        "PidFile $top/httpd.pid", "ErrorLog $top/error_log", "DefaultRuntimeDir $top", "User $user", "Group #$gid",
        'DBDriver sqlite3', "DBDParams $top/db/accounts.db", "UserMgmtSigningKey $top/keys",
        '<VirtualHost *:80>', 'ServerName one.example.org', 'UserMgmt On', '</VirtualHost>';
    close $out or die "$!\n";
    return $file;
}

sub owner_and_mode {
    my ($file) = @_;
    my @info = lstat $file or return "$file: none";
    return sprintf '%d %d %o', @info[4, 5], $info[2] & 07777;
}

system('cp', "$build/mod_usermgmt.so", "$top/mod_usermgmt.so") == 0 or die "cp\n";
folder(db => 0700, $uid, $gid);
folder(conf => 0755);
my $config = configuration("$top/conf/httpd.conf");

ends(0, qr/^applied +001/, $config, qw(schema upgrade));
is(owner_and_mode("$top/db/accounts.db") =~ s/ \d+\z//r, "$uid $gid", 'root makes the database as the owner of its folder');
ends(0, qr/\.pem$/, $config, qw(key new));
is(owner_and_mode("$top/keys"), '0 0 700', 'the folder of the keys is root\'s');
ends(0, qr/key_rotated .*is made/, $config, qw(events));
ends(0, qr/group sales made/, $config, qw(group new sales));
is(join(' ', grep { !/\A$uid $gid / } map { owner_and_mode($_) } glob "$top/db/*"), '', 'no file beside the database is root\'s');
ends(0, qr/EdDSA .* signs/, $config, qw(key list));
ends(0, qr/is published and will sign/, $config, qw(key rotate --now));

# The owner of the database cannot enter the folder of the backup.
folder(own => 0700);
ends(0, qr/accounts\.db$/, $config, 'backup', "$top/own/accounts.db");
is(owner_and_mode("$top/own/accounts.db"), '0 0 600', 'the backup is the caller\'s');
is(join(' ', grep { !/\A$uid $gid / } map { owner_and_mode($_) } glob "$top/db/*"), '', 'the backup leaves no file of root\'s');
ends(2, qr/^ok UserMgmtSigningKey: .*^ok database file: .*^ok schema: /ms, $config, 'check');

# What keeps httpd's user from writing is said with the command that mends it.
for my $path ("$top/db", "$top/db/accounts.db") {
    chown 0, 0, $path or die "$!\n";
    ends(2, qr/^critical database file: httpd's user $user cannot write to \Q$path\E, .*with: chown $user \Q$path\E$/m, $config, 'check');
    chown $uid, $gid, $path or die "$!\n";
}

# A configuration that another user can change is read with their rights, because it can load any module.
folder(theirs => 0755, $uid, $gid);
configuration("$top/theirs/httpd.conf");
{
    open my $out, '>>', "$top/theirs/httpd.conf" or die "$!\n";
    print {$out} "ErrorLog \"|/bin/false\"\n";
    close $out or die "$!\n";
}
chown $uid, $gid, "$top/theirs/httpd.conf" or die "$!\n";
ends(0, qr/sales$/, "$top/theirs/httpd.conf", qw(group list));
ends(4, qr/keys cannot be read: Permission denied/, "$top/theirs/httpd.conf", qw(key list));
folder(open => 0777);
configuration("$top/open/httpd.conf");
ends(1, qr/open can be written by others: root does not work in it/, "$top/open/httpd.conf", qw(group list));

done_testing();
