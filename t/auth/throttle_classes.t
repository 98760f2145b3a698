#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Throttles of everything but sign-ins, over HTTP: registration, mails, one-time tokens, refresh and the rest of the API;
# UserMgmtThrottle for each host; and what the audit log says of it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use MIME::Base64 ();
use Test::More;
use UmApi;
use UmCase;
use UmMail;
use UmServer;
use UmThrottle;

my $folder = UmTest::new_folder();
my ($mails, $audit, $clients) = ("$folder/mails", "$folder/audit.log", "$folder/clients");
mkdir $mails, 0700 or die "$mails: $!\n";
my (undef, $client) = UmTest::run(UmTest::cli(), qw(client new), $clients, 'front');
chomp $client;
my ($inherits, $inherits_port) = throttled_host("UserMgmtThrottle confirm address 1/d 2\n");
my ($default, $default_port) = throttled_host("UserMgmtThrottle default\n");
my ($strict, $strict_port) = throttled_host("UserMgmtThrottle sign-in both off\nUserMgmtThrottle api address 1/m 3\n"
    . "UserMgmtThrottle refresh address 1/m 2\nUserMgmtThrottle confirm address 2/m\n");
my ($open, $open_port) = throttled_host(join '', map { "UserMgmtThrottle $_ off\n" } qw(sign-in register reset confirm
    refresh api));
my ($unique, $unique_port) = throttled_host("UserMgmtUniqueEmail On\n");
my $database = new_database();
my $server = throttled_server(<<"END", database => $database);
UserMgmtMail "file:$mails"
UserMgmtEmailVerification on
UserMgmtVerifyURL "https://front.test.example/verify/{token}"
UserMgmtAuditLog $audit
UserMgmtClientToken $clients
UserMgmtCookie session
<Location "/bearer/">
    AuthType Bearer
    AuthName here
    UserMgmtTokenSource cookie
    Require valid-user
</Location>
UserMgmtThrottle register address 1/h 4
@{[ basic_location() ]}
$inherits$default$strict$open$unique
END

sub registers { my ($here, %with) = @_; return sub { post_from($here, $USERS, { username => 'a b' }, %with) } }
sub confirms { my ($here, %with) = @_; return sub { post_from($here, $VALIDATE, { token => 'x' }, %with) } }

my $mark = UmTest::mark($audit);

# The events since the last call.
sub events {
    my @lines = split /\n/, UmTest::since($mark);
    $mark = UmTest::mark($audit);
    return map { JSON::PP->new->decode($_) } @lines;
}

sub told { return join ', ', map { join ' ', map { $_ // '-' } @$_{qw(event outcome reason)} } @_ }
sub joined { my ($times, $first, $last) = @_; return join ', ', ($first) x $times, $last }

case 'registrations count by address, with probes of names' => sub {
    my $here = stranger();
    is(counted(6, registers($here)), '400 x4, 429 x2', 'as the main server says');
    is(post_from($here, $USERS, { username => new_name(), password => $PASSWORD })->{status}, 429, 'also good ones');
    is(post_from(stranger(), $USERS, { username => new_name(), password => $PASSWORD })->{status}, 201,
        'another address is free');
    is(counted(22, registers(stranger(), port => $default_port)), '400 x20, 429 x2', 'the default is 20');
    forward(3600);
    is(counted(3, registers($here)), '400 x1, 429 x2', 'and after an hour the next ones');
};

case 'where addresses belong to one account, changes of the own one count as registrations' => sub {
    my ($here, $elsewhere) = (stranger(), stranger());
    my ($me, $boss) = map { new_account(new_name()) } 1, 2;
    $database->{sql}->("update um_users set is_staff = 1 where id = '$boss->{id}'");
    is(post_from(stranger(), $USERS, { username => new_name(), password => $PASSWORD, email => 'taken@example.org' },
        port => $unique_port)->{status}, 201, 'an account with an address');
    my $change = sub {
        my ($from, $as, $member, $value) = @_;
        return call(PATCH => "$USERS$me->{id}/", from($from, token => $as->{auth_token}, port => $unique_port,
            json => JSON::PP::encode_json({ $member => $value })));
    };
    is($change->($here, $me, email => 'first@example.org')->{status}, 200, 'an address that nobody has');
    answer_is($change->($here, $me, email => 'taken@example.org'), 400,
        faults(email => 'A user with that email address already exists.'), 'one that another account has');
    is(counted(4, sub { $change->($here, $me, email => 'first@example.org') }), '200 x4', 'the present one does not count');
    is(counted(4, sub { $change->($here, $me, email => 'taken@example.org') }), '400 x2, 429 x2', 'four in an hour');
    is(counted(2, registers($here)), '429 x2', 'together with registrations');
    is($change->($here, $me, email => 'second@example.org')->{status}, 429, 'also one that nobody has');
    is($change->($here, $me, first_name => 'Ann')->{status}, 200, 'other fields can be changed');
    my ($event) = grep { $_->{event} eq 'throttled' && ($_->{user_id} // '') eq $me->{id} } events();
    is_deeply([@{$event}{qw(detail outcome reason address)}], ['register', 'failed', 'throttled', $here],
        'the audit log has it');
    is($change->($elsewhere, $me, email => 'second@example.org')->{status}, 200, 'another client is free');
    is(counted(6, sub { $change->($here, $boss, email => "of-staff-$_[0]\@example.org") }), '200 x6',
        'staff changes as many as they like');
};

case 'invitations by staff do not count as registrations' => sub {
    my $here = stranger();
    my $staff = new_account(new_name());
    $database->{sql}->("update um_users set is_staff = 1 where id = '$staff->{id}'");
    my $asks = sub {
        my ($as, $number) = @_;
        return post_from($here, $USERS, { invite => JSON::PP::true, username => new_name(), email => new_address() },
            token => $as->{auth_token});
    };
    is(counted(8, sub { $asks->($staff) }), '201 x8', 'staff invites more people than an address may register');
    is(counted(6, sub { $asks->({}) }), '400 x4, 429 x2', 'the same body without a token counts');
    is(counted(1, sub { $asks->($staff) }), '429 x1', 'an address that has used up its allowance waits');
};

case 'requests for mails count by address of the client, and one-time tokens too' => sub {
    for my $path ($RESET, $VERIFY) {
        my $here = stranger();
        is(counted(22, sub { post_from($here, $path, { email => "u$_[0]\@x.example" }) }), '200 x20, 429 x2', $path);
    }
    for my $path ($VALIDATE, $CONFIRM, $VERIFIED) {
        my $here = stranger();
        my $status = post_from(stranger(), $path, { token => 'x', password => $PASSWORD })->{status};
        is(counted(32, sub { post_from($here, $path, { token => "x$_[0]", password => $PASSWORD }) }),
            "$status x30, 429 x2", $path);
    }
};

case 'the fourth request for an address within 15 minutes gets the same answer and no mail' => sub {
    my $name = new_name();
    my $address = "$name\@x.example";
    new_account($name, email => $address);
    # Registration has made a mail of another kind.
    my $count = sub { settle(sql => $database->{sql});
        return scalar grep { $_->{text} =~ m{/reset/} } mails_in($mails, $address) };
    my @spelling = ($address, uc $address, $address);
    is(post_from(stranger(), $RESET, { email => $_ })->{body}, $FINE, 'one of three') for @spelling;
    is($count->(), 3, 'three mails');
    my $r = post_from(stranger(), $RESET, { email => $address });
    answer_is($r, 200, $FINE, 'the fourth is answered alike');
    ok(!$r->{head}{'retry-after'}, 'without Retry-After');
    is($count->(), 3, 'and gives no mail');
    my ($event) = grep { ($_->{name} || '') eq $address && $_->{outcome} eq 'failed' } events();
    is(join(' ', @$event{qw(event reason)}), 'reset_asked throttled', 'the audit log tells');
    is(post_from(stranger(), $RESET, { email => "other$address" })->{body}, $FINE, 'another address');
    forward(300);
    post_from(stranger(), $RESET, { email => $address }) for 1 .. 2;
    is($count->(), 4, 'one more after five minutes');
};

case 'each class has its event when it refuses' => sub {
    my $me = new_account(new_name());
    my $here = stranger();
    events();
    my $get = sub { call(GET => "$USERS$me->{id}/", from($here, token => $me->{auth_token}, port => $strict_port)) };
    my %call = (
        api => $get,
        register => registers($here),
        reset => sub { post_from($here, $RESET, { email => "u$_[0]\@x.example" }) },
        confirm => confirms($here),
        refresh => sub { post_from($here, '/api-token-refresh/', { refresh_token => 'x' }, port => $strict_port) },
    );
    for my $class (sort keys %call) {
        my $r;
        for (1 .. 40) { last if ($r = $call{$class}->($_))->{status} == 429 }
        is($r->{status}, 429, "$class is refused at last");
        my @events = grep { $_->{reason} && $_->{reason} eq 'throttled' } events();
        is(scalar @events, 1, "$class: one event") or diag(explain(\@events));
        is(join(' ', map { $_ // 'null' } @{ $events[0] }{qw(event outcome detail address user_id)}),
            "throttled failed $class $here null", 'with class and address');
    }
    counted(40, sub { sign_in($here, "nobody$_[0]", 'wrong') });
    my ($event) = grep { $_->{reason} && $_->{reason} eq 'throttled' } events();
    is(join(' ', map { $_ // 'null' } @$event{qw(event outcome detail name)}), 'sign_in failed sign-in null',
        'a sign-in by the address alone');
    my $there = stranger();
    counted(6, failing($there, 'somebody'));
    ($event) = grep { $_->{reason} && $_->{reason} eq 'throttled' } events();
    is(join(' ', map { $_ // 'null' } @$event{qw(event outcome name)}), 'sign_in failed somebody', 'and by name');
    basic_from($there, 'another', 'wrong') for 1 .. 8;
    my @refused = grep { $_->{reason} eq 'throttled' } events();
    is(join(' ', map { $_ // 'null' } map { @$_{qw(event outcome name)} } @refused), 'sign_in failed another',
        'Basic; and of a series only the first');
};

case 'of a series of refusals the audit log has one line' => sub {
    my $here = stranger();
    events();
    counted(9, failing($here, 'series'));
    my @events = events();
    is(told(@events), joined(5, 'sign_in failed unknown_name', 'sign_in failed throttled'), 'by name and address');
    is_deeply([@{ $events[-1] }{qw(name address user_id session_id)}], ['series', $here, undef, undef],
        'it has the name and the address');

    $here = stranger();
    counted(33, sub { sign_in($here, "user$_[0]", 'wrong') });
    @events = events();
    is(told(@events), joined(30, 'sign_in failed unknown_name', 'sign_in failed throttled'), 'by address');
    is_deeply([@{ $events[-1] }{qw(name address)}], [undef, $here], 'without a name, because its body is not read');

    $here = stranger();
    counted(6, registers($here));
    @events = events();
    is(told(@events), 'throttled failed throttled', 'a registration');
    is_deeply([@{ $events[0] }{qw(detail address)}], ['register', $here], 'says which class it was, and from where');

    post_from(stranger(), $RESET, { email => 'Flood@X.example' }) for 1 .. 6;
    @events = events();
    is(told(@events), joined(3, 'reset_asked ok -', 'reset_asked failed throttled'), 'mails to an address');
    is($events[-1]{name}, 'Flood@X.example', 'it has the address as typed');
    is(scalar(grep { $_->{user_id} } @events), 0, 'and does not say whose it is');
};

case 'what no throttle counts has ten lines for an address, and then one a minute' => sub {
    my $me = new_account(new_name());
    my $unknown = 'umc_' . 'x' x 43;
    my %try = (
        'csrf_refused failed cross_site' => sub { call(DELETE => "$USERS$me->{id}/sessions/", from($_[0],
            headers => ["Cookie: session=$me->{auth_token}", 'Origin: https://evil.example'])) },
        'client_token_used failed unknown_client' => sub { call(POST => '/api-token-revoke/', from($_[0],
            token => $unknown, json => '{}')) },
    );
    for my $line (sort keys %try) {
        my $here = stranger();
        events();
        counted(30, sub { $try{$line}->($here) });
        is(told(events()), joined(9, $line, $line), $line);
        forward(60);
        counted(5, sub { $try{$line}->($here) });
        is(told(events()), $line, 'one a minute later');
        $try{$line}->(stranger());
        is(told(events()), $line, 'another address has its own');
    }
    my $here = stranger();
    my $basic = 'Authorization: Basic ' . MIME::Base64::encode_base64('front:wrong', '');
    counted(30, sub { call(POST => '/api-token-introspect/', from($here, form => 'token=x', headers => [$basic])) });
    is(scalar(events()), 10, 'a client with Basic');
    counted(12, sub { call(POST => '/bearer/', from($here, form => '',
        headers => ["Cookie: session=$me->{auth_token}", 'Origin: https://evil.example', 'Sec-Fetch-Site: cross-site'])) });
    is(scalar(events()), 10, 'a Location');
};

case 'refresh, introspection and the rest of the API' => sub {
    my $me = new_account(new_name());
    my $get = sub { my ($here, %with) = @_;
        return sub { call(GET => "$USERS$me->{id}/", from($here, token => $me->{auth_token}, %with)) } };
    my $here = stranger();
    is(counted(5, $get->($here, port => $strict_port)), '200 x3, 429 x2', 'a limit of the API');
    my $r = $get->($here, port => $strict_port)->();
    is($r->{head}{'retry-after'}[0], 60, 'with Retry-After');
    is(counted(30, $get->($here)), '200 x30', 'which is off by default');
    is(sign_in($here, new_name(), 'wrong', port => $strict_port)->{status}, 400, 'and does not count sign-ins');
    my $refresh = sub { my ($here, %with) = @_; return sub { post_from($here, '/api-token-refresh/', { refresh_token => 'x' }, %with) } };
    $here = stranger();
    is(counted(4, $refresh->($here, port => $strict_port)), '401 x2, 429 x2', 'a limit of refresh');
    is(call(POST => '/api-token-introspect/', from($here, port => $strict_port, form => 'token=x', token => $client))->{status}, 429,
        'with which introspection counts');
    is(counted(40, $refresh->(stranger())), '401 x40', 'by default it is generous');
};

case 'a host has the limits of the main server, but for those that it sets itself' => sub {
    is(counted(6, registers(stranger(), port => $inherits_port)), '400 x4, 429 x2', 'the limit of the main server');
    is(counted(4, confirms(stranger(), port => $inherits_port)), '404 x2, 429 x2', 'its own limit');
    my $here = stranger();
    is(counted(4, confirms($here, port => $strict_port)), '404 x2, 429 x2', 'RATE without BURST');
    is(counted(2, confirms($here)), '429 x2', 'hosts with the same accounts count together');
    is(counted(8, failing(stranger(), 'nobody', port => $strict_port)), '400 x8', 'a limit that is off');
    is(counted(32, sub { sign_in($here, "n$_[0]", 'wrong', port => $strict_port) }), '400 x30, 429 x2',
        'the others of its class are on');
    is(counted(40, failing($here, 'nobody', port => $open_port)), '400 x40', 'sign-in off');
    is(counted(40, registers($here, port => $open_port)), '400 x40', 'register off');
    is(counted(40, confirms($here, port => $open_port)), '404 x40', 'confirm off');
    is(counted(40, sub { post_from($here, $RESET, { email => 'u@x.example' }, port => $open_port) }), '200 x40', 'reset off');
};

case 'a try that the server could not judge is not counted' => sub {
    my $here = stranger();
    is(counted(40, sub { call(PUT => $USERS, from($here, json => '{}')) }), '405 x40', 'a wrong method');
    is(counted(4, registers($here)), '400 x4', 'leaves all registrations');
};

api_done();
