#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Started by root: no file of root's is read or written through a link that the server's user has put into its folders,
# and a folder that this user cannot enter keeps its data where nothing is cleared.
use strict;
use warnings;
use Cwd ();
use File::Path ();
use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmTest ();

die "for root, by ./runtests\n" if $> || !$ENV{UM_TEST_BUILD};
my $here = Cwd::getcwd();
my ($user) = grep { defined getpwnam $_ } qw(www-data nobody);
my $top = File::Temp::tempdir('usermgmt-root.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $top or die "$!\n";
my ($dir, $victim) = ("$top/run", "$top/victim");
my @made;       # folders beside $top that are removed at the end
my $port = $ENV{UM_TEST_PORT};

sub spew {
    my ($file, $text, $mode) = @_;
    open my $out, '>', $file or die "$file: $!\n";
    print {$out} $text;
    close $out or die "$!\n";
    chmod $mode, $file or die "$!\n";
    return;
}

# A shell's line as the server's user.
sub as_user {
    my ($line) = @_;
    my ($status, $said) = UmTest::run('setpriv', "--reuid=$user", '--regid=' . (getpwnam $user)[3], '--clear-groups',
        'sh', '-c', $line);
    die "$line: $said\n" if $status;
    return;
}

sub quickstart {
    my (@options) = @_;
    return UmTest::run('timeout', 300, "$here/quickstart", '--no-install', @options);
}

# The result of a start and stop of the folder.
sub starts {
    my ($name, @options) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $said) = quickstart('--port', $port, '--dir', $dir, @options);
    my $good = ok($status == 0 && $said =~ /is running/, $name) || diag("$status $said");
    return $good ? $said : undef;
}

sub stops {
    my ($status, $said) = quickstart('--stop', '--dir', $dir);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok($status == 0, 'it stops') || diag("$status $said");
}

sub victim_is_intact {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @info = stat $victim;
    is(join(' ', UmTest::slurp($victim), @info[4, 5], sprintf '%o', $info[2] & 07777), "root's own\n 0 0 600", $name);
    return;
}

sub owner_and_mode {
    my ($file) = @_;
    my @info = lstat $file or return 'none';
    return getpwuid($info[4]) . sprintf ' %o', $info[2] & 07777;
}

spew($victim, "root's own\n", 0600);

# ---- a first start -------------------------------------------------------------------------------------------------

spew("$top/lines.conf", "Header always set X-Included yes\n", 0644);
starts('a start', '--include', "$top/lines.conf");
is(owner_and_mode("$dir/conf/include.conf"), "$user 600", 'the included lines are closed to others');
is(owner_and_mode("$dir/conf/httpd.conf"), "$user 600", 'the configuration is closed to others');
is(owner_and_mode("$dir/$_"), 'root 755', "the folder $_ is root's") for '', qw(conf bin htdocs);
like((UmTest::run('curl', '-qs', '-i', '-X', 'TRACE', "http://127.0.0.1:$port/"))[1], qr{\AHTTP/1.1 405 }, 'TRACE is off');
stops();

# ---- links in the folders of the server's user ---------------------------------------------------------------------

# Pipes not in the place of what httpd opens, which would wait for them as that user.
my %names = (logs => ['quickstart.log', 'error.log', 'access.log', 'httpd.pid', 'cgid.sock'],
    mail => ['1.eml'], keys => ['.lock', '.new', 'one.pem', 'zzz.retired.pem'], db => ['usermgmt.db', 'dav-lock']);
my @kinds = (
    ['links', sub { "ln -sfn $victim $_[0]" }], ['pipes', sub { "rm -f $_[0] && mkfifo $_[0]" }],
);
for my $folder (sort keys %names) {
    for my $kind (@kinds) {
        UmTest::run('cp', '-a', "$dir/$folder", "$top/kept");
        as_user($kind->[1]("$dir/$folder/$_")) for grep { !/error|access|httpd|cgid/ || $kind->[0] eq 'links' }
            @{ $names{$folder} };
        my ($status, $said) = quickstart('--port', $port, '--dir', $dir);
        cmp_ok($status, '!=', 124, "$kind->[0] in $folder: a start comes to an end");
        victim_is_intact("$kind->[0] in $folder: nothing of root's is changed by a start");
        unlike($said, qr/root's own/, 'the content of the file behind a link is not shown');
        quickstart('--stop', '--dir', $dir);
        victim_is_intact("$kind->[0] in $folder: nor by a stop");
        File::Path::remove_tree("$dir/$folder");
        rename "$top/kept", "$dir/$folder" or die "$!\n";
    }
}
starts('a start after all that');
as_user("ln -sfn $victim $dir/logs/quickstart.log");
stops();
as_user("mkfifo $dir/logs/httpd.pid");
{
    my ($status, $said) = quickstart('--stop', '--dir', $dir);
    ok($status == 1 && $said =~ /no server .* is running/, 'a pipe in place of the process number is not waited for');
    as_user("rm $dir/logs/httpd.pid");
}
starts('with a link where the log of the start has been') and victim_is_intact('it is not written to');
stops();

# ---- folders that are another user's -------------------------------------------------------------------------------

mkdir "$top/theirs" or die "$!\n";
chown scalar(getpwnam $user), (getpwnam $user)[3], "$top/theirs" or die "$!\n";
mkdir "$top/target" or die "$!\n";
as_user("ln -s $top/target $top/theirs/link");
for my $place ("$top/theirs/run", "$top/theirs/link") {
    my ($status, $said) = quickstart('--port', $port, '--dir', $place);
    ok($status == 1 && $said =~ /belongs to the user $user: root does not write there/, "--dir $place is refused")
        or diag("$status $said");
}
is(join(' ', glob "$top/target/*"), '', 'and nothing is made at the end of a link');

# ---- a folder that the server's user cannot enter ------------------------------------------------------------------

mkdir "$top/closed", 0700 or die "$!\n";
$dir = "$top/closed/run";
my $said = starts('in a folder like root\'s home');
my $place = readlink $dir;
push @made, $place if defined $place && $place =~ m{\A/var/};
like($place, qr{\A/var/lib/usermgmt-quickstart/run-\d+\z}, 'data are where nothing clears them');
like($said, qr{it is a link to \Q$place\E$}m, 'the link is reported');
stops();
unlink $dir or die "$!\n";
ok(-s "$place/db/usermgmt.db", 'data are there');
starts('again, without the link');
is(readlink $dir, $place, 'the link leads to the same place as before');
stops();

# ---- logs that runtests copies -------------------------------------------------------------------------------------

mkdir "$top/logs" or die "$!\n";
mkdir "$top/copies" or die "$!\n";
chown scalar(getpwnam $user), (getpwnam $user)[3], "$top/logs" or die "$!\n";
as_user("cd $top/logs && echo text >plain.log && ln -s $victim link.log && mkfifo pipe.log && echo x >build.log"
    . " && ln -s $victim '../logs/two words.log'");
spew("$top/copies/build.log", "root's\n", 0644);
my ($status, $output) = UmTest::run('timeout', 100, 'bash', '-euc', ". $here/tools/common.sh; here=$here; um_copy_logs"
    . " $user $top/logs $top/copies");
is($status, 0, 'logs are copied') or diag($output);
is(join(' ', sort map { s{.*/}{}r } glob "$top/copies/*"), 'build.log plain.log', 'ordinary files are');
is(UmTest::slurp("$top/copies/build.log"), "root's\n", 'no file of another user is overwritten');

END {
    my $code = $?;
    quickstart('--stop', '--dir', $_) for grep { defined && -e } $dir, "$top/run";
    File::Path::remove_tree($_) for @made;
    rmdir '/var/lib/usermgmt-quickstart';
    $? = $code;
}

done_testing();
