#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Two changes of one account at the same instant: neither undoes the other, or goes on as if it had not been.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA qw(sha256);
use IO::Select;
use MIME::Base64 qw(encode_base64url);
use Test::More;
use Time::HiRes qw(sleep);
use UmApi;
use UmServer;

my $database = new_database();
my $server = UmServer->start($database, '');
$UmApi::PORT = $server->{port};

# Runs commands of the program at the same time; returns what each of them said.
sub at_once {
    my @commands = @_;
    my @readers = map {
        open my $out, '-|', UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params}, @$_
            or die "$!\n";
        $out;
    } @commands;
    return map { my $reader = $_; local $/; my $said = <$reader>; close $reader; $said } @readers;
}

sub state_of {
    my ($account) = @_;
    return $database->{sql}->("select is_active, is_staff from um_users where id = '$account->{id}'");
}

{
    my $me = register();
    my @wrong;
    for my $round (1 .. 15) {
        $database->{sql}->("update um_users set is_active = 1, is_staff = 0 where id = '$me->{id}'");
        at_once([qw(user active), $me->{username}, 'off'], [qw(user staff), $me->{username}, 'on']);
        push @wrong, state_of($me) if state_of($me) ne '0|1';
    }
    is("@wrong", '', 'switched off and made staff at once: both, each of 15 times');

    my ($said) = at_once([qw(user active), $me->{username}, 'on']);
    like($said, qr/ is now active and staff;/, 'a command tells of the account as it is then');
    @wrong = ();
    for my $round (1 .. 15) {
        $database->{sql}->("update um_users set is_active = 1, is_staff = 1 where id = '$me->{id}'");
        at_once([qw(user active), $me->{username}, 'off'], [qw(user staff), $me->{username}, 'off']);
        push @wrong, state_of($me) if state_of($me) ne '0|0';
    }
    is("@wrong", '', 'switched off and taken out of staff at once: both');
}

# A token goes to a mailbox: when that is no longer the account's, it sets no password, even when it was good as the
# request came and the new password is hashed meanwhile.
{
    my $slow = UmServer->start($database, 'UserMgmtPasswordHash "scrypt ln=15 r=8 p=3"', children => 1);
    my ($both, $first) = (0, 0);
    for my $delay (0.05, 0.1, 0.2, 0.3, 0.4) {
        my $me = register(email => 'me@example.org');
        my $token = substr encode_base64url(sha256(rand . $$)), 0, 43;
        $database->{sql}->('insert into um_one_time_tokens (hash, kind, mail_id, user_id, user_version, email_key,'
            . " created_at, expires_at) select '" . encode_base64url(sha256($token)) . "',
                'reset', id, id, version, email_key, 1,"
            . " 4000000000 from um_users where id = '$me->{id}'");
        my $socket = connection($slow->{port});
        syswrite $socket, request_text(POST => '/api/password_reset/confirm/',
            json => qq({"token":"$token","password":"Red-House?38"}));
        sleep $delay;
        my $moved = call(PATCH => $me->{path}, token => $me->{token}, json => '{"email":"other@example.org"}');
        my $is_first = !IO::Select->new($socket)->can_read(0);
        my $confirmed = answers(exchange('', socket => $socket, answers => 1))->[0];
        $first++ if $is_first && $moved->{status} == 200;
        $both++ if $is_first && $moved->{status} == 200 && $confirmed->{status} == 200;
    }
    cmp_ok($first, '>', 0, 'the address was changed before a reset was confirmed');
    is($both, 0, 'no reset was confirmed after its address had changed');
    is($slow->crashes, '', 'no process of the server crashed');
}

is($server->crashes, '', 'no process of the server crashed');
api_done();
