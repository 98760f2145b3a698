#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A restored backup brings back sessions, tokens and mails; "usermgmt session end-all" ends them.
use strict;
use warnings;
use lib 't/lib';
use File::Copy qw(copy);
use Test::More;
use UmApi;
use UmServer;
use UmTest;

my $WAIT = 60;
my $CONFIRM = '/api/password_reset/confirm/';
my $mails = UmTest::new_folder();
my $database = new_database();
my $LINES = "UserMgmtMail file:$mails\nUserMgmtSiteName Test\n";
my $server = UmServer->start($database, $LINES);
$UmApi::PORT = $server->{port};

sub pg {
    my ($program, @words) = @_;
    my ($status, $output) = UmTest::run(UmTest::setting('PGBIN') . "/$program", '-h', UmTest::scratch() . '/pg', '-U',
        'usermgmt', @words);
    die "$program: $output\n" if $status;
    return;
}

# Backup and restore; the server must be stopped.
sub backup {
    return copy($database->{params}, "$database->{params}.backup") || die "$!\n" if $database->{driver} eq 'sqlite3';
    my ($name) = $database->{params} =~ /dbname=(\S+)/;
    return pg('createdb', '-T', $name, "${name}_backup");
}

sub restore {
    if ($database->{driver} eq 'sqlite3') {
        unlink map { "$database->{params}$_" } '', '-wal', '-shm';
        return copy("$database->{params}.backup", $database->{params}) || die "$!\n";
    }
    my ($name) = $database->{params} =~ /dbname=(\S+)/;
    pg('dropdb', $name);
    return pg('createdb', '-T', "${name}_backup", $name);
}

sub mails_to {
    my ($address) = @_;
    return grep { UmTest::slurp($_) =~ /^To: .*\Q$address\E/m } glob "$mails/*.eml";
}

sub reset_token {
    my ($address) = @_;
    call(POST => '/api/password_reset/', json => '{"email":' . json_text($address) . '}');
    await($WAIT, sub { mails_to($address) }) or die "no mail\n";
    return UmTest::slurp((mails_to($address))[-1]) =~ /^Token: ([\w-]+)/m ? $1 : '';
}

sub confirm {
    my ($token, $password) = @_;
    return call(POST => $CONFIRM, json => qq({"token":"$token","password":"$password"}))->{status};
}

sub profile {
    my ($account) = @_;
    return call(GET => $account->{path}, token => $account->{token})->{status};
}

my $account = register(email => 'one@test.example');
my $token = reset_token('one@test.example');
$server->stop;
# The mail waits again, as in a backup that was made before it was sent.
$database->{sql}->('update um_mail set state = 0, done_at = null, claim = null, due_at = 1');
backup();

$server->launch;
is(confirm($token, 'Green-Field!93z'), 200, 'a token of a mail is used, and ends the sessions');
is(confirm($token, 'Green-Field!94z'), 404, 'the token of a reset is valid once');
is(profile($account), 401, 'the token of the session is refused');
$server->stop;

restore();
$server->configure($LINES . "UserMgmtMail none\n");
$server->launch;
is(profile($account), 200, 'the session of the backup is valid again');
$server->stop;

restore();
my ($status, $output) = UmTest::run(UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params},
    qw(session end-all));
is("$status $output", "0 ended all sessions of 1 accounts, 1 one-time tokens and 1 waiting mails\n",
    'session end-all ends the sessions, tokens and mails of the backup');
($status, $output) = UmTest::run(UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params},
    qw(session end-all));
is("$status $output", "0 ended all sessions of 1 accounts, 0 one-time tokens and 0 waiting mails\n",
    'session end-all can be called again');
my @before = glob "$mails/*.eml";
$server->configure($LINES);
$server->launch;
is(profile($account), 401, 'the session has ended');
is(confirm($token, 'Green-Field!95z'), 404, 'the used token is void');
is(call(POST => $TOKEN, json => qq({"username":"$account->{username}","password":"$account->{password}"}))->{status}, 200,
    'the password is that of the backup');
register(email => 'two@test.example');
reset_token('two@test.example');
is(scalar(grep { my $file = $_; !grep { $_ eq $file } @before } mails_to('one@test.example')), 0,
    'no mail of the backup is sent again');

# A running server notices it within its delay.
my $other = register();
is((UmTest::run(UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params},
    qw(session end-all)))[0], 0, 'session end-all works beside a running server');
is(profile($other), 401, 'the session has ended for the running server');
is($server->crashes, '', 'no process of the server crashed');
$server->stop;

done_testing();
