#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Webhooks are not sent to addresses that are not allowed, whatever name leads there, nor to a receiver that cannot show
# who it is, nor without TLS.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmReceiver;
use UmServer;

my $database = new_database();
my $sql = $database->{sql};
my $receiver = UmReceiver->start;
my $plain = UmReceiver->start_plain;
my ($file) = secret_file(1);
my $port = $receiver->{port};

# What becomes of an event whose receivers have these addresses: address => reason.
sub reasons {
    my ($lines, @urls) = @_;
    my $all = join '', map { "UserMgmtWebhook $_ $file account.registered\n" } @urls;
    my $server = UmServer->start($database, "UserMgmtMail none\nUserMgmtWebhookTimeout 3s\n$all$lines",
        environment => { https_proxy => "http://127.0.0.1:$plain->{port}", http_proxy => "http://127.0.0.1:$plain->{port}",
            ALL_PROXY => "http://127.0.0.1:$plain->{port}" });
    enrol_at($server->{port}, new_name('r'));
    await(20, sub { !$sql->("select count(*) from um_webhooks where state = 0 and last_error = ''") });
    my %reason = map { my ($url, $why) = split /\|/, $_, 2; $url => $why }
        split /\n/, $sql->('select url, last_error from um_webhooks');
    is($server->stop < 10 && $server->crashes, '', 'no process of the server crashed');
    $sql->('delete from um_webhooks');
    return \%reason;
}

# A registration at that server.
sub enrol_at {
    my ($at, $name) = @_;
    my $answer = call(POST => $USERS, port => $at, json => '{"username":' . json_text($name) . ',"password":'
        . json_text(good_password()) . ',"email":"r@example.org"}');
    return is($answer->{status}, 201, 'an account is registered');
}

my @private = ("https://localhost:$port/a", "https://127.0.0.1:$port/a", "https://[::1]:$port/a",
    "https://127.1:$port/a", "https://2130706433:$port/a", "https://0x7f.0.0.1:$port/a", "https://[::ffff:127.0.0.1]:$port/a",
    "https://0.0.0.0:$port/a");
{
    my $reason = reasons('', @private);
    like($reason->{$_}, qr/\Aits address is private or reserved, and UserMgmtWebhookAllow does not name it/, "$_: refused")
        for @private;
    is(scalar $receiver->taken, 0, 'no connection was made');
}

# 127.0.0.1 is not allowed by another network; and a network that is allowed does not make a certificate good.
{
    my $wrong = UmReceiver->start;
    my ($other_authority) = UmSmtpd::certificates();
    my $reason = reasons("UserMgmtWebhookAllow 10.0.0.0/8\n", $private[0]);
    like($reason->{ $private[0] }, qr/UserMgmtWebhookAllow does not name it/, 'another network that is allowed does not help');
    $reason = reasons("UserMgmtWebhookAllow 127.0.0.0/8 ::1\nUserMgmtWebhookCAFile $other_authority\n", $private[0]);
    like($reason->{ $private[0] }, qr/certificate/i, 'a certificate of another authority is refused');
    $reason = reasons("UserMgmtWebhookAllow 127.0.0.0/8 ::1\n", $private[0]);
    like($reason->{ $private[0] }, qr/certificate/i, 'and one of an authority that the system does not know');
    my $elsewhere = "https://127.0.0.2:$port/a";
    $reason = reasons("UserMgmtWebhookAllow 127.0.0.0/8 ::1\nUserMgmtWebhookCAFile $receiver->{authority}\n",
        "https://ip6-localhost:$port/a", $elsewhere);
    isnt($reason->{$elsewhere}, '', 'and one for another name');
    is(scalar $receiver->taken, 0, 'nothing was sent to any of them');
    $wrong->stop;
}

# http:// only where the network is allowed, also if the name leads elsewhere.
{
    my $url = "http://localhost:$plain->{port}/a";
    my $reason = reasons("UserMgmtWebhookAllow 10.0.0.0/8\n", $url);
    like($reason->{$url}, qr/\Aits address is /, 'http:// elsewhere is refused');
    is(scalar $plain->taken, 0, 'nothing was sent, and no proxy of the environment was used');
    $reason = reasons("UserMgmtWebhookAllow 127.0.0.1\n", "http://127.0.0.1:$plain->{port}/a");
    is($reason->{"http://127.0.0.1:$plain->{port}/a"}, '', 'http:// to a network that is allowed is not');
    is(join(' ', map { $_->{path} } $plain->taken), '/a', 'it is sent to the receiver itself');
}

api_done();
