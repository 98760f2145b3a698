#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# No password, token, hash or one-time token is in any log, whatever the LogLevel: the whole API is used at trace8, and
# the error log, the access log and the audit log are searched for every secret that was used. httpd's own modules core,
# http and mpm are excepted: docs/operations.md says what they log.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use Test::More;
use UmApi;
use UmAudit;
use UmMail;

my $site = audited_server(<<'END', modules => ['log_config']);
LogLevel trace8 core:info http:info
LogFormat "%h %u %r %>s %{User-Agent}i" test
CustomLog logs/access_log test
<Location "/bearer/">
    UserMgmtAuthorization bearer
    UserMgmtIdentityHeaders On
</Location>
END
my ($server, $mails, $audit, $client) = @$site{qw(server mails log client)};
my $sql = $site->{database}{sql};

my %secret = ('the token of a client' => $client);
my $number = 0;

# Remembers what must not be found, under a name, and returns it.
sub keep {
    my ($name, $text) = @_;
    $secret{"$name " . ++$number} = $text if defined $text && length $text > 7;
    return $text;
}

sub enter {
    my ($me) = @_;
    my $got = json_of(post($TOKEN, { username => $me->{username}, password => $me->{password} })) || {};
    keep(token => $got->{token});
    keep('refresh token' => $got->{refresh_token});
    return $got;
}

my $me = { username => new_name(), password => keep(password => 'Velvet.Orchard/9301'), email => 'me@example.org' };
my $made = json_of(post($USERS, $me));
keep(token => $made->{auth_token});
my $path = "$USERS$made->{id}/";
is(scalar(keys %$made) > 3, 1, 'an account is made');
my $one = enter($me);
my $token = $one->{token};
post($TOKEN, { username => $me->{username}, password => keep(password => 'Wrong.Orchard/9302') });
post($TOKEN, { username => 'nobody', password => keep(password => 'Wrong.Orchard/9303') });
call(POST => $TOKEN, form => "username=$me->{username}&password=" . keep(password => 'Wrong.Orchard-9304'));
call(POST => $TOKEN, json => '{"username":"x","password":"' . keep(password => 'Wrong.Orchard-9305') . '",}');
call(POST => $TOKEN, body => keep(password => 'Wrong.Orchard-9306'), type => 'text/plain');
call(GET => $path, token => $token);
call(GET => "${path}$_/", token => $token) for qw(sessions events);
call(GET => $path, token => keep('bad token' => ('x' x 20) . ".$token"));
call(PATCH => $path, json => '{"email":"new@example.org"}', token => $token);
post($path, { old_password => keep(password => 'Wrong.Orchard-9307'), new_password => keep(password => 'Silver.Window-8841') },
    token => $token);
$token = keep(token => json_of(post($path, { old_password => $me->{password}, new_password => 'Silver.Window-8841' },
    token => $token))->{token});
$me->{password} = 'Silver.Window-8841';
$one = enter($me);
my $two = json_of(post('/api-token-refresh/', { refresh_token => $one->{refresh_token} }));
keep('refreshed token' => $two->{$_}) for qw(token refresh_token);
post('/api-token-verify/', { token => $two->{token} });
post('/api-token-introspect/', { token => $_, token_type_hint => 'refresh_token' }, token => $client)
    for $two->{token}, $two->{refresh_token}, keep('bad token' => 'umr_' . 'y' x 70);
other(POST => '/api-token-introspect/', json => '{"token":"x"}',
    headers => ['Authorization: Basic ' . encode_base64("front:$client", '')]);
post('/api-token-introspect/', { token => 'x' }, token => keep('unknown client' => 'umc_' . 'z' x 43));
call(GET => '/api-forward-auth/?group=x', token => $token);
post('/api-token-revoke/', { token => $two->{refresh_token} });
for my $password ($me->{password}, keep(password => 'Wrong.Orchard-9308')) {
    my $pair = keep('pair of Basic' => encode_base64("$me->{username}:$password", ''));
    other(GET => '/basic/', headers => ["Authorization: Basic $pair"]) for 1, 2;
}
other(GET => '/bearer/', token => $token);
other(GET => '/bearer/', headers => ["Cookie: session=$token"]);
call(DELETE => "${path}sessions/", headers => ["Cookie: session=$token", 'Origin: https://evil.example']);

# Tokens of mails.
settle(sql => $sql);
post('/api/password_reset/', { email => 'new@example.org' });
settle(sql => $sql);
my @mailed = grep { defined } map { $_->{token} } mails_in($mails);
cmp_ok(scalar @mailed, '>=', 2, 'mails have brought tokens');
for my $one_time (@mailed) {
    keep('one-time token' => $one_time);
    post('/api/email_verification/confirm/', { token => $one_time });
    post('/api/password_reset/validate_token/', { token => $one_time });
    post('/api/password_reset/confirm/', { token => $one_time, password => keep(password => 'Copper.Lantern-7713') });
}
keep('hash of a password' => $_) for split /\n/, $sql->('select password from um_users');
keep('hash of a token' => $_) for grep { length }
    map { split /[|\n ]/ } $sql->('select family_hash, refresh_hash, previous_hash, refresh_salt, earlier_hashes from um_sessions'),
    $sql->('select hash from um_one_time_tokens');
call(DELETE => $path, token => enter({ %$me, password => 'Copper.Lantern-7713' })->{token});

# A failing database quotes what it was given.
my $again = { username => new_name(), password => keep(password => 'Amber.Station-5527') };
$sql->('alter table um_sessions rename to um_sessions_gone');
post($USERS, $again);
post($TOKEN, $again);
call(GET => $path, token => $token);
$sql->('alter table um_sessions_gone rename to um_sessions');

my %log = map { $_ => UmTest::slurp($_) } "$server->{folder}/logs/error_log", "$server->{folder}/logs/access_log", $audit;
cmp_ok(length $log{$_}, '>', 1000, "$_ has been written") for sort keys %log;
like($log{"$server->{folder}/logs/error_log"}, qr/\[\w+:trace\d\]/, 'at the level of traces');
cmp_ok(scalar keys %secret, '>=', 30, 'there are secrets to look for');
for my $name (sort keys %secret) {
    my $text = $secret{$name};
    my @found = grep { index($log{$_}, $text) >= 0 || index($log{$_}, substr $text, -20) >= 0 } sort keys %log;
    is("@found", '', "$name is in no log");
}
cmp_ok(index($log{$audit}, $me->{username}), '>', 0, 'the search finds the name, which is in the audit log');

api_done();
