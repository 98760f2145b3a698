#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A restored backup brings back sessions, tokens and mails; "usermgmt session end-all" ends them.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmApi;
use UmDocs;
use UmServer;
use UmTest;

my $WAIT = 60;
my $CONFIRM = '/api/password_reset/confirm/';
my $mails = UmTest::new_folder();
my $database = new_database();
my $LINES = "UserMgmtMail file:$mails\nUserMgmtSiteName Test\n";
my $server = UmServer->start($database, $LINES);
$UmApi::PORT = $server->{port};

# As docs/backup.md says, with its commands: made while the server is running, restored while it is stopped.
my $folder = UmTest::new_folder();
my $is_sqlite = $database->{driver} eq 'sqlite3';
local $ENV{PATH} = join ':', programs("$server->{folder}/httpd.conf"), UmTest::setting('PGBIN'), $ENV{PATH};
local @ENV{qw(PGHOST PGUSER PGDATABASE)} = (UmTest::pg_folder(), 'usermgmt', 'postgres');

sub documented {
    my ($begin) = @_;
    my ($name) = $database->{params} =~ /dbname=(\S+)/;
    my ($status, $said) = run_block(command_block('docs/backup.md', $begin), $folder, sub {
        my ($text) = @_;
        $text =~ s{/var/lib/usermgmt/accounts\.db}{$database->{params}}g;
        $text =~ s{/var/backups/}{$folder/}g;
        $text =~ s{ -o www-data -g www-data| -O accounts_owner}{}g;
        $text =~ s{dbname=accounts user=accounts_owner}{dbname=$name}g;
        $text =~ s{host=db\.example\.org }{};
        $text =~ s{ accounts( |$)}{ $name$1}mg;
        return $text;
    });
    die "$begin: $status $said\n" if $status;
    return $said;
}

sub backup { return documented($is_sqlite ? 'sudo usermgmt backup' : '(umask 077') }
sub restore { return documented($is_sqlite ? 'sudo rm -f' : 'sudo -u postgres dropdb') }

# Accounts that are made without a pause, until the function has returned; their names.
sub registering_while {
    my ($function) = @_;
    my $over = "$folder/over";
    unlink $over;
    pipe(my $out, my $in) or die "pipe: $!\n";
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        close $out;
        while (!-e $over) {
            my $made = eval { register() };
            syswrite($in, ($made ? $made->{username} : "failed: $@") . "\n");
        }
        require POSIX;
        POSIX::_exit(0);
    }
    close $in;
    my @names = map { scalar <$out> } 1 .. 3;
    $function->();
    push @names, map { scalar <$out> } 1 .. 3;
    UmTest::spew($over, '');
    push @names, <$out>;
    waitpid $child, 0;
    chomp @names;
    return @names;
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

sub sign_in {
    my ($name, $password) = @_;
    $password ||= good_password();
    return call(POST => $TOKEN, json => qq({"username":"$name","password":"$password"}))->{status};
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
$server->configure($LINES . "UserMgmtMail none\n");
$server->launch;
my @made = registering_while(\&backup);
is(join(' ', grep { /failed/ } @made), '', 'accounts are made while the backup is made');
$server->stop;

$server->configure($LINES);
$server->launch;
my $later = register();
my $later_password = 'Green-Field!96z';
{
    my $in = json_of(call(POST => $TOKEN, json => qq({"username":"$made[0]","password":") . good_password() . '"}'));
    my ($id) = $database->{sql}->("select id from um_users where username = '$made[0]'");
    is(call(POST => "$USERS$id/", token => $in->{token}, json => '{"old_password":"' . good_password()
        . qq(","new_password":"$later_password"}))->{status}, 200, 'a password is changed after the backup');
}
is(confirm($token, 'Green-Field!93z'), 200, 'a token of a mail is used, and ends the sessions');
is(confirm($token, 'Green-Field!94z'), 404, 'the token of a reset is valid once');
is(profile($account), 401, 'the token of the session is refused');
$server->stop;

restore();
$server->configure($LINES . "UserMgmtMail none\n");
$server->launch;
is(profile($account), 200, 'the session of the backup is valid again');
is(profile($later), 401, 'the session of an account that the backup does not have is refused');
is(sign_in($later->{username}), 400, 'an account that the backup does not have cannot sign in');
is(sign_in($made[0]), 200, 'an account that was made just before the backup signs in with the password of then');
is(sign_in($made[0], $later_password), 400, 'the password that was set after the backup is void');
my @there = grep { sign_in($_) == 200 } @made;
my $number = @there;
is("@there", "@made[0 .. $number - 1]", "the backup is one moment: the first $number accounts, and none after them");
my $new = register();
is(profile($new), 200, 'accounts are made in the restored database');
$server->stop;

restore();
is(documented('sudo usermgmt session end-all'), "ended all sessions of " . (1 + $number) . " accounts, 1 one-time tokens and 1 waiting mails\n",
    'session end-all ends the sessions, tokens and mails of the backup');
my ($status, $output) = UmTest::run(UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params},
    qw(session end-all));
is("$status $output", "0 ended all sessions of " . (1 + $number) . " accounts, 0 one-time tokens and 0 waiting mails\n",
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
