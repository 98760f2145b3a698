#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Fields of the site (UserMgmtProfile) that are claims: what applications get, from the cache and after a change.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmLocations;

my $site = locations(<<'END');
UserMgmtProfile phone_number text max=20 claim
UserMgmtProfile employee integer claim
UserMgmtProfile manager boolean claim
UserMgmtProfile born date claim
UserMgmtProfile secret text
ScriptAlias /pcgi ${pages}/cgi
<LocationMatch "^/(?:pcgi|app)(?:/|$)">
    AuthType Bearer
    AuthName here
    Require valid-user
</LocationMatch>
<Location /basic>
    AuthType Basic
    AuthName here
    AuthBasicProvider usermgmt
    Require valid-user
    UserMgmtIdentityHeaders On
    ProxyPass ${back}/
</Location>
<Location /app>
    ProxyPass ${back}/
</Location>
<Location /app/on>
    UserMgmtIdentityHeaders On
</Location>
<Location /app/some>
    UserMgmtIdentityHeaders id
</Location>
<Location /app/one>
    UserMgmtIdentityHeaders id
    RequestHeader set X-Usermgmt-Employee expr=%{reqenv:USERMGMT_EMPLOYEE}
</Location>
<Location /open>
    ProxyPass ${back}/
</Location>
END

my $me = enrol('alice');
my @OWN = qw(phone_number employee manager born secret);

sub change { my ($json) = @_; return ask(PATCH => "$USERS$me->{id}/", token => $me->{token}, json => $json)->{status} }

# The named variables, or headers, of the fields: "a|b|c".
sub of {
    my ($answer, $prefix) = @_;
    my $told = told($answer);
    return join '|', map { defined $told->{ $prefix . uc } ? $told->{ $prefix . uc } : '-' } @OWN;
}

my $FULL = '+49 30|7|1|2000-02-29|-';
is(of(get('/pcgi/env', token => $me->{token}), 'USERMGMT_'), '||||-', 'an account without values has empty variables');
is(change('{"phone_number":"+49 30","employee":7,"manager":true,"born":"2000-02-29","secret":"x"}'), 200,
    'it gets some');
for my $round ('asked of the database', 'cached') {
    is(of(get('/pcgi/env', token => $me->{token}), 'USERMGMT_'), $FULL, "a program gets the claims: $round");
    is(of(get('/app/on', token => $me->{token}), 'HTTP_X_USERMGMT_'), $FULL, "a back end, too: $round");
    is(of(get('/app/one', token => $me->{token}, headers => ['X-Usermgmt-Employee: 3', 'X_Usermgmt_Employee: 4',
        'Connection: X-Usermgmt-Employee']), 'HTTP_X_USERMGMT_'), '-|7|-|-|-', "one of them by a header of the site: $round");
    is(of(get('/basic/', headers => ['Authorization: Basic YWxpY2U6Qmx1ZS1UcmVlITcxeA==']), 'HTTP_X_USERMGMT_'), $FULL,
        "by Basic: $round");
}
is(of(get('/app/some', token => $me->{token}), 'HTTP_X_USERMGMT_'), '-|-|-|-|-', 'only where the headers are On');
is(of(get('/cgi/env', token => $me->{token}), 'USERMGMT_'), '-|-|-|-|-', 'an open page has none');
is(of(get('/open/', headers => ['X-Usermgmt-Employee: 1', 'X-Usermgmt-Phone_Number: 1']), 'HTTP_X_USERMGMT_'),
    '-|-|-|-|-',
    'no client can forge them');
is(of(get('/app/on', token => $me->{token}, headers => ['X-Usermgmt-Employee: 1']), 'HTTP_X_USERMGMT_'), $FULL,
    'nor replace one');
is(change('{"phone_number":"a\tb","employee":null,"manager":false}'), 200, 'they change');
is(of(get('/app/on', token => $me->{token}), 'HTTP_X_USERMGMT_'), 'a b||0|2000-02-29|-',
    'at once, without control characters');
is($site->{server}->crashes, '', 'no process of the server crashed');
api_done();
