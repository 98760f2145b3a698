#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Fields that the site adds to accounts (UserMgmtProfile): in registration, GET, PUT, PATCH and OPTIONS, what is
# refused, and that no change of another field loses one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Test::More;
use UmApi;
use UmCase;
use UmServer;

binmode $_, ':encoding(UTF-8)' for map { Test::More->builder->$_ } qw(output failure_output todo_output);

my $database = new_database();
my $sql = $database->{sql};
my ($need_port, $none_port) = map { free_port() } 1, 2;

sub host {
    my ($port, $lines) = @_;
    return "Listen 127.0.0.1:$port\n<VirtualHost 127.0.0.1:$port>\nUserMgmt On\n$lines\n</VirtualHost>\n";
}

my $need = host($need_port, "UserMgmtProfile town text required\nUserMgmtProfile employee text max=3");
my $none = host($none_port, 'UserMgmtProfile none');
my $server = UmServer->start($database, <<"END", children => 2);
UserMgmtProfile phone_number text max=20 claim
UserMgmtProfile employee integer claim
UserMgmtProfile newsletter boolean
UserMgmtProfile born date
$need$none
END
$UmApi::PORT = $server->{port};

my %EMPTY = (phone_number => '', employee => undef, newsletter => undef, born => undef);
my $INTEGER = 'A valid integer is required.';
my $BOOLEAN = 'Must be a valid boolean.';
my $DATE = 'Date has wrong format. Use one of these formats instead: YYYY-MM-DD.';

sub enrol {
    my ($members, %with) = @_;
    my $r = call(POST => $USERS, %with, json => text_of({ username => new_name(), password => good_password(),
        %$members }));
    return $r if $r->{status} != 201;
    my $made = json_of($r);
    return { %$made, token => $made->{auth_token}, path => "$USERS$made->{id}/" };
}

sub text_of { return JSON::PP->new->utf8->canonical->encode($_[0]) }

sub patch {
    my ($me, $members, %with) = @_;
    return call(PATCH => $me->{path}, token => $me->{token}, json => ref $members ? text_of($members) : $members,
        %with);
}

sub own { my ($me, %with) = @_; return json_of(call(GET => $me->{path}, token => $me->{token}, %with)) }

sub custom_of {
    my ($object) = @_;
    return { map { $_ => ref $object->{$_} ? $object->{$_} ? 'true' : 'false' : $object->{$_} } keys %EMPTY };
}

sub stored { my ($me) = @_; return JSON::PP->new->decode($sql->("select custom from um_users where id = '$me->{id}'")) }

sub claims_of { my ($token) = @_; my $part = (split /\./,
    $token)[1]; $part =~ tr{-_}{+/}; return JSON::PP->new->utf8->decode(decode_base64($part)) }

my %FULL = (phone_number => '+49 30 1', employee => 7, newsletter => JSON::PP::true, born => '2000-02-29');
my %SHOWN = (%FULL, newsletter => 'true');

case 'an account without values shows empty ones, in the order of the configuration' => sub {
    my $r = call(POST => $USERS, json => text_of({ username => new_name(), password => good_password() }));
    is($r->{status}, 201, 'registration');
    like($r->{body},
        qr/"email":"","phone_number":"","employee":null,"newsletter":null,"born":null,"auth_token":"/, 'the order');
    my $me = enrol({});
    is_deeply(custom_of(own($me)), \%EMPTY, 'GET');
    is_deeply(stored($me), {}, 'nothing is stored');
};

case 'values are registered, shown, changed and cleared' => sub {
    my $me = enrol(\%FULL);
    is_deeply(custom_of($me), \%SHOWN, 'registered');
    is_deeply(custom_of(own($me)), \%SHOWN, 'GET');
    my $r = patch($me, { employee => -12, first_name => 'Ann' });
    is_deeply(custom_of(json_of($r)), { %SHOWN, employee => -12 }, 'PATCH of one changes no other');
    is($sql->("select kind || ' ' || detail from um_events where user_id = '$me->{id}' and kind <> 'registered'"),
        'account_updated first_name employee', 'it is an event with the names of the fields');
    is(json_of($r)->{first_name}, 'Ann', 'nor a field of the contract');
    is_deeply(custom_of(json_of(patch($me, { first_name => 'Bea' }))), { %SHOWN, employee => -12 },
        'and the other way round');
    $r = call(PUT => $me->{path}, token => $me->{token}, json => text_of({ phone_number => " une ",
        newsletter => JSON::PP::false }));
    is_deeply(custom_of(json_of($r)), { %SHOWN, employee => -12, phone_number => 'une', newsletter => 'false' }, 'PUT');
    like(patch($me, { phone_number => 'ünï' })->{body}, qr/"phone_number":"\xc3\xbcn\xc3\xaf"/, 'letters');
    $r = patch($me, { phone_number => '', employee => undef, newsletter => undef, born => undef });
    is_deeply(custom_of(json_of($r)), \%EMPTY, 'cleared');
    is_deeply(stored($me), { phone_number => '' }, 'null is not stored');
    $r = call(PATCH => $me->{path}, token => $me->{token},
        form => 'employee=42&newsletter=on&born=1999-12-31&phone_number=1+2');
    is_deeply(custom_of(json_of($r)), { phone_number => '1 2', employee => 42, newsletter => 'true',
        born => '1999-12-31' }, 'a form');
    $r = call(PATCH => $me->{path}, token => $me->{token}, form => 'employee=&born=');
    is_deeply(custom_of(json_of($r)), { phone_number => '1 2', employee => undef, newsletter => 'true',
        born => undef }, 'a form clears by ""');
};

case 'the largest and smallest integers stay exact' => sub {
    my $me = enrol({});
    for my $number ('9007199254740991', '-9007199254740991', '0') {
        like(patch($me, qq({"employee":$number}))->{body}, qr/"employee":\Q$number\E,/, "the number $number");
        is(stored($me)->{employee}, $number, 'stored');
    }
};

case 'what is of another kind is refused, and changes nothing' => sub {
    my $me = enrol(\%FULL);
    my @bad = ((map { [employee => $_, $INTEGER] } '"x"', '1.5', '1.0', 'true', '[]', '{}', '9007199254740992',
        '-9007199254740992',
            '"1e3"', '"9007199254740992"', '" 1"', '"1\u0000"', '1e400' eq 1 ? () : '10000000000000000000000'),
        (map { [newsletter => $_, $BOOLEAN] } '"x"', '1', '"yes please"', '[]', '{}', '2.5'),
        (map { [born => $_, $DATE] } '"2001-02-29"', '"1900-02-29"', '"0000-01-01"', '"2001-13-01"', '"2001-00-10"',
            '"2001-01-32"',
            '"2001-1-1"', '"01.02.2003"', '"2001-01-01T00:00:00"', '20010101', 'true', '[]', '"2001-01-01\u0000"'),
        (map { [phone_number => $_, 'Not a valid string.'] } '1', 'true', '[]', '{}'),
        [phone_number => 'null', 'This field may not be null.'],
        [phone_number => '"' . 'ü' x 21 . '"', 'Ensure this field has no more than 20 characters.'],
        [phone_number => '"a\u0000b"', 'Null characters are not allowed.'],
        [phone_number => '"a\ud800b"', 'Surrogate characters are not allowed: U+D800.']);
    for my $row (@bad) {
        my ($name, $value, $text) = @$row;
        my $json = qq({"first_name":"No","$name":$value});
        utf8::encode($json);
        answer_is(patch($me, $json), 400, faults($name => $text), "$name: $value");
    }
    is_deeply(custom_of(own($me)), \%SHOWN, 'nothing was changed');
    is(own($me)->{first_name}, '', 'also no other field');
    my $r = patch($me, { born => 'x', email => 'x', employee => 'x', first_name => 'n' x 151 });
    like($r->{body}, qr/\A\{"first_name":.*"email":.*"employee":.*"born":/, 'all faults, in the order of the fields');
    $r = enrol({ employee => 'x', username => '' });
    is($r->{status}, 400, 'a registration');
    like($r->{body}, qr/\A\{"username":.*"employee":/, 'has all of them, too');
    is(patch($me, qq({"phone_number":"@{['1' x 20]}"}))->{status}, 200, 'the longest text');
    is(patch($me, { nickname => 'x', phone => 'x' })->{status}, 200, 'unknown fields are ignored');
    is_deeply([sort keys %{ stored($me) }], [sort keys %FULL], 'and not stored');
};

case 'OPTIONS describes them' => sub {
    my $me = enrol({});
    for my $row ([POST => $USERS], [PATCH => $me->{path}], [PUT => $me->{path}]) {
        my $about = json_of(call(OPTIONS => $row->[1]))->{actions}{ $row->[0] };
        is("$about->{phone_number}{type} $about->{phone_number}{max_length} $about->{phone_number}{label}",
            'string 20 Phone number',
            "$row->[0]: a text");
        is(join(' ', map { $about->{$_}{type} } qw(employee newsletter born)), 'integer boolean date', 'the others');
    }
    ok(!exists json_of(call(OPTIONS => $USERS, port => $none_port))->{actions}{POST}{born},
        'a host without them has none');
};

case 'hosts add fields to those of the main server, require some, or have none' => sub {
    answer_is(enrol({ employee => 'abcd' }, port => $need_port), 400, faults(town => 'This field is required.',
        employee => 'Ensure this field has no more than 3 characters.'), 'required, and another kind of the same name');
    answer_is(enrol({ town => ' ' }, port => $need_port), 400, faults(town => 'This field may not be blank.'),
        'not blank');
    my $me = enrol({ town => 'Rome', employee => 'abc', born => '2000-01-01' }, port => $need_port);
    is("$me->{town} $me->{employee} $me->{born}", 'Rome abc 2000-01-01', 'inherited, too');
    is(patch($me, { first_name => 'A' }, port => $need_port)->{status}, 200, 'PATCH does not require it');
    answer_is(patch($me, { town => '' }, port => $need_port), 400, faults(town => 'This field may not be blank.'),
        'but does not clear it');
    is_deeply(custom_of(own($me)), { %EMPTY, born => '2000-01-01' }, 'a value of another kind is not shown elsewhere');
    ok(!grep { exists own($me, port => $none_port)->{$_} } (keys %EMPTY, 'town'), 'and none where none is configured');
    is(patch($me, { born => '2001-01-01' }, port => $none_port)->{status}, 200, 'where it is an unknown field');
    is(stored($me)->{town} . stored($me)->{born}, 'Rome2000-01-01', 'the values stay');
};

case 'concurrent changes of different fields are all kept' => sub {
    my $me = enrol({});
    my @changes = ('{"employee":5}', '{"born":"2000-01-01"}', '{"newsletter":true}', '{"phone_number":"1"}',
        '{"last_name":"L"}');
    my @answers = race(map { request_text(PATCH => $me->{path}, token => $me->{token}, json => $_) } @changes);
    is(join(' ', map { $_->{status} } @answers), join(' ', (200) x 5), 'all are done');
    is_deeply(custom_of(own($me)), { phone_number => '1', employee => 5, newsletter => 'true', born => '2000-01-01' },
        'and none is lost');
    is(own($me)->{last_name}, 'L', 'nor the other field');
};

case 'a conditional change sees them' => sub {
    my $me = enrol({ employee => 1 });
    my $tag = call(GET => $me->{path}, token => $me->{token})->{head}{etag}[0];
    is(patch($me, { employee => 2 }, headers => ["If-Match: $tag"])->{status}, 200, 'the tag is right');
    is(patch($me, { employee => 3 }, headers => ["If-Match: $tag"])->{status}, 412, 'and then it is not');
    my $next = call(GET => $me->{path}, token => $me->{token})->{head}{etag}[0];
    my @answers = race(map { request_text(PATCH => $me->{path}, token => $me->{token}, headers => ["If-Match: $next"],
        json => qq({"employee":$_})) } 10 .. 15);
    is(join(' ', sort map { $_->{status} } @answers), '200 412 412 412 412 412',
        'of several with one tag, one is done');
};

case 'tokens have those that are claims' => sub {
    my $me = enrol(\%FULL);
    my $first = claims_of($me->{token});
    is("$first->{phone_number} $first->{employee}", '+49 30 1 7', 'the token of the registration');
    ok(!exists $first->{born} && !exists $first->{newsletter}, 'without the others');
    patch($me, { employee => 8, phone_number => '' });
    my $later = json_of(call(POST => $TOKEN, json => text_of({ username => $me->{username},
        password => good_password() })));
    my $claims = claims_of($later->{token});
    is($claims->{employee}, 8, 'a later one has the new value');
    ok(!exists $claims->{phone_number}, 'and none that is empty');
    patch($me, { employee => 9 });
    my $next = json_of(call(POST => '/api-token-refresh/',
        json => text_of({ refresh_token => $later->{refresh_token} })));
    is(claims_of($next->{token})->{employee}, 9, 'and so has a refreshed one');
    is(call(GET => $me->{path}, token => $next->{token})->{status}, 200, 'which is valid');
};

is($server->crashes, '', 'no process of the server crashed');
api_done();
