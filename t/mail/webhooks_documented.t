#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# docs/webhooks.md: its commands, its lines of configuration and its receiver, as they are printed, but for the places of
# files and the address of the receiver, which has no TLS of its own.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use POSIX ();
use Test::More;
use UmApi;
use UmDocs;
use UmServer;

my $page = UmTest::slurp(UmTest::sources() . '/docs/webhooks.md');
my $database = new_database();
my $folder = UmTest::new_folder();
my $port = free_port();
my $server;

# A command of the page, for this site.
sub run_command {
    my ($begin) = @_;
    my ($block) = grep { index($_->{text}, $begin) == 0 } command_blocks('docs/webhooks.md');
    my $words = UmTest::cli() . ($server ? ' --httpd ' . UmTest::httpd() . " --config $server->{folder}/httpd.conf" : '');
    my ($status, $said) = run_block($block, $folder, sub {
        return $_[0] =~ s/sudo usermgmt/$words/r =~ s{/etc/apache2/}{$folder/}gr });
    is($status, 0, $begin) or diag($said);
    return $said;
}

my $secret = run_command('sudo usermgmt webhook secret');
like($secret, qr/\Awhsec_[A-Za-z0-9+\/]{43}=\n\z/, 'prints a secret');
is(sprintf('%o', (stat "$folder/usermgmt-webhook")[2] & 07777), '600', 'its file is closed to others');

# The receiver, with the secret that was printed.
my ($program) = $page =~ /^```python\n(.*?)^```$/ms or die "no receiver\n";
my $output = "$folder/output";
my $child = fork;
die "fork: $!\n" unless defined $child;
if (!$child) {
    open STDOUT, '>', $output or POSIX::_exit(126);
    open STDERR, '>&STDOUT' or POSIX::_exit(126);
    exec { '/usr/bin/python3' } 'python3', UmTest::spew("$folder/receiver.py", $program), $port,
        UmTest::spew("$folder/secret", $secret) or POSIX::_exit(127);
}
END {
    local $?;
    if ($child) {
        kill KILL => $child;
        waitpid $child, 0;
    }
}
ok(await(20, sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) }), 'the receiver starts');

my ($line) = $page =~ /^```apache\n(UserMgmtWebhook .*?)^```$/ms or die "no directive\n";
$line =~ s{https://shop\.example\.org/}{http://127.0.0.1:$port/} or die "no address\n";
$line =~ s{/etc/apache2/}{$folder/} or die "no file\n";
my ($allow) = $page =~ /^```apache\n(UserMgmtWebhookAllow .*?)^```$/ms or die "no network\n";
$allow =~ s{10\.1\.2\.0/24}{127.0.0.1} or die "no network\n";
$server = UmServer->start($database, "UserMgmtMail none\n$line$allow");
like(run_command('sudo usermgmt webhook test'), qr{\Ahttp://127\.0\.0\.1:$port/hooks/accounts: delivered, HTTP status 204$}m,
    'the receiver accepts it');
my $answer = call(POST => $USERS, port => $server->{port}, json => '{"username":"alice","password":"' . good_password()
    . '","email":"alice@example.org"}');
is($answer->{status}, 201, 'an account is registered');
ok(await(20, sub { UmTest::slurp($output) =~ /^account\.registered alice$/m }), 'the receiver is told')
    or diag(UmTest::slurp($output));
is(run_command('sudo usermgmt webhook list'), '', 'nothing is left to be sent');

# Other requests are refused by it.
sub post {
    my ($id, $at, $signature, $body) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or die "the receiver is gone\n";
    print {$socket} "POST /hooks/accounts HTTP/1.0\r\nwebhook-id: $id\r\nwebhook-timestamp: $at\r\n"
        . "webhook-signature: $signature\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
    my ($status) = (join '', <$socket>) =~ m{\AHTTP/1\.\d (\d+)};
    return $status;
}

{
    require Digest::SHA;
    require MIME::Base64;
    my $key = MIME::Base64::decode_base64($secret =~ s/\Awhsec_//r);
    my $sign = sub { 'v1,' . MIME::Base64::encode_base64(Digest::SHA::hmac_sha256($_[0], $key), '') };
    my $now = time;
    my $body = '{"type":"account.deleted","data":{"username":"bob"}}';
    is(post('a', $now, $sign->("a.$now.$body"), $body), 204, 'a signed request is taken');
    is(post('b', $now, $sign->("a.$now.$body"), $body), 401, 'one with another id is refused');
    is(post('a', $now + 1, $sign->("a.$now.$body"), $body), 401, 'and with another time');
    is(post('a', $now - 1000, $sign->('a.' . ($now - 1000) . ".$body"), $body), 401, 'and an old one');
    is(post('a', $now, $sign->("a.$now.$body"), "$body "), 401, 'and with another body');
    is(post('c', $now, 'v1,AAAA ' . $sign->("c.$now.$body"), $body), 204, 'one of several signatures is enough');
    is(scalar(() = UmTest::slurp($output) =~ /^account\.deleted bob$/mg), 2, 'it works off each event once');
}

# Every type of the source has its row in the page, and no row is of another one.
{
    my %types = map { $_ => 1 } UmTest::slurp(UmTest::sources() . '/src/core/event.h') =~ /EVENT\(\w+, "\w+", KEPT, "([\w.]+)"/g;
    my %rows = map { $_ => 1 } map { /`([a-z]+\.[a-z_]+)`/g } map { (split /\|/)[1] }
        grep { /^\| `[a-z]+\.[a-z_]+`/ } split /\n/, $page;
    is_deeply([sort keys %rows], [sort keys %types], 'the page has a row for each type of event');
}
is($server->crashes, '', 'no process of the server crashed');

api_done();
