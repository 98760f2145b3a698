#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The file of a SQLite database is created once. Its loss is noticed, and the module never creates it again by itself.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmApi;
use UmServer;
use UmTest;

plan skip_all => 'of SQLite alone' unless UmTest::database() eq 'sqlite3';

my $WAIT = 30;
my $file = UmTest::new_folder() . '/accounts.db';
my $database = { driver => 'sqlite3', params => $file, sql => sub { UmTest::run('sqlite3', '-batch', $file, @_) } };
# The second host has its own settings and uses the main server's database.
my $second = free_port();
my $SECOND = "Listen 127.0.0.1:$second\n<VirtualHost 127.0.0.1:$second>\nUserMgmtRealm second\n<Location /page>\n"
    . "AuthType Bearer\nAuthName x\nRequire valid-user\n</Location>\n</VirtualHost>\nUserMgmtRevocationDelay 0\n";
my $server = UmServer->start($database, $SECOND);

sub log_has {
    my ($pattern) = @_;
    return await($WAIT, sub { $server->log =~ $pattern });
}

sub sign_in {
    my ($account) = @_;
    local $UmApi::PORT = $server->{port};
    return call(POST => $TOKEN, json => qq({"username":"$account->{username}","password":"$account->{password}"}))
        ->{status};
}

# Changes the profile, which writes into the database.
sub change {
    my ($account) = @_;
    return call(PATCH => $account->{path}, port => $server->{port}, token => $account->{token},
        json => '{"first_name":"A"}')->{status};
}

sub page {
    my ($account) = @_;
    return call(GET => '/page', port => $second, token => $account->{token}, any => 1)->{status};
}

# Waits until all processes answer with that status. Returns the statuses of the last twenty requests.
sub always {
    my ($status, $function) = @_;
    my %seen;
    await($WAIT, sub { %seen = (); $seen{ $function->() }++ for 1 .. 20; keys %seen == 1 && $seen{$status} });
    return join ' ', sort keys %seen;
}

ok(log_has(qr/UM123: \Q$file\E: there was no database, and one was created; steps of the schema: 001_accounts /),
    'the creation of a database is logged');
my $account = do { local $UmApi::PORT = $server->{port}; register() };
is(always(200, sub { change($account) }), 200, 'requests are answered once the database was created');

# ---- removed under a running server ----------------------------------------------------------------------------------

rename $file, "$file.away" or die "$!\n";
is(always(503, sub { change($account) }), 503, 'without the file requests are answered 503');
is(always(503, sub { page($account) }), 503, 'a host that uses the database of another one is answered 503, too');
ok(log_has(qr/UM121: the database's file \Q$file\E was removed or replaced: requests are answered 503/),
    'the log says so');
my $lines = () = $server->log =~ /UM121/g;
my $children = $server->children;
cmp_ok($lines, '<=', $children, 'each process logs the loss once at the most');
ok(!grep { /UM(?:301|502)/ && !/usermgmt:(?:debug|info)/ } split(/\n/, $server->log),
    'requests do not log the loss again');

UmTest::spew($file, UmTest::slurp("$file.away"));
is(always(503, sub { change($account) }), 503, 'with another file in its place requests are answered 503');
unlink $file or die "$!\n";
rename "$file.away", $file or die "$!\n";
is(always(200, sub { change($account) }), 200, 'requests are answered once the same file is back');
is(always(404, sub { page($account) }), 404, 'both hosts answer once the same file is back');
ok(log_has(qr/UM122: the database's file \Q$file\E is back/), 'the log says so');

# ---- out of reach ----------------------------------------------------------------------------------------------------

my ($folder) = $file =~ m{\A(.*)/};
chmod 0, $folder or die "$!\n";
is(always(503, sub { change($account) }), 503, 'requests are answered 503 when httpd cannot enter the folder');
ok(log_has(qr/UM121: the database's file \Q$file\E cannot be reached: .* until its folder belongs to/),
    'the log says so');
chmod 0700, $folder or die "$!\n";
is(always(200, sub { change($account) }), 200, 'requests are answered once httpd can enter the folder again');

# ---- missing at a start ----------------------------------------------------------------------------------------------

rename $file, "$file.away" or die "$!\n";
$server->graceful;
is(always(503, sub { sign_in($account) }), 503, 'without the file requests are answered 503 after a graceful restart');
ok(log_has(qr/UM121: requests are answered 503: there is no database in \Q$file\E, .*schema upgrade/),
    'the log says why');
is((stat $file)[7] || 0, 0, 'no database is created after a graceful restart');
$server->stop;
$server->launch;
is(always(503, sub { sign_in($account) }), 503, 'without the file requests are answered 503 after a full restart');
$server->configure($SECOND . 'DBDParams "' . $file . '.other"');
$server->graceful;
is(always(503, sub { sign_in($account) }), 503, 'with a mistyped path requests are answered 503');
is((stat "$file.other")[7] || 0, 0, 'no database is created at a mistyped path');

rename "$file.away", $file or die "$!\n";
$server->configure($SECOND);
$server->graceful;
is(always(200, sub { sign_in($account) }), 200, 'requests are answered once the path is right and httpd was restarted');

# ---- a new database on purpose ---------------------------------------------------------------------------------------

unlink $file, "$file-wal", "$file-shm";
is((UmTest::run(UmTest::cli(), '--driver', 'sqlite3', '--params', $file, qw(schema upgrade)))[0], 0,
    'usermgmt schema upgrade creates a new database');
$server->graceful;
is(always(400, sub { sign_in($account) }), 400, 'another database is used after a restart when its keys are new');
is($server->crashes, '', 'no process of the server crashed');
$server->stop;

done_testing();
