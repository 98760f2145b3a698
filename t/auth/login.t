#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Signing in by e-mail address (UserMgmtLogin): at the API and by Basic, what it must not tell, and how it is throttled.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use utf8;
use JSON::PP ();
use Test::More;
use UmApi;
use UmCase;
use UmServer;
use UmThrottle;

binmode $_, ':encoding(UTF-8)' for map { Test::More->builder->$_ } qw(output failure_output todo_output);

sub place {
    my ($path, $require) = @_;
    return "<Location /$path/>\nAuthType Basic\nAuthName here\nAuthBasicProvider usermgmt\nRequire $require\n"
        . "</Location>\n";
}

my ($email_lines, $email_port) = throttled_host("UserMgmtLogin email\nUserMgmtUniqueEmail On\n");
my ($name_lines, $name_port) = throttled_host("UserMgmtLogin username\nUserMgmtUniqueEmail Off\n");
my $database = new_database();
my $server = throttled_server(join('', "UserMgmtLogin both\nUserMgmtUniqueEmail On\n", place('basic', 'valid-user'),
    (map { place($_, "user $_") } qw(gerda strasse strass2)), $email_lines, $name_lines), database => $database);
my $REFUSED = '{"non_field_errors":["Unable to log in with provided credentials."]}';

sub enrol {
    my ($port, $name, %members) = @_;
    my $r = post_from(stranger(), $USERS, { username => $name, password => $PASSWORD, %members }, port => $port);
    $r->{status} == 201 or die "$name is not registered: $r->{status} $r->{body}\n";
    return json_of($r);
}

sub basic_at {
    my ($path, $address, $name) = @_;
    utf8::encode($name);
    return call(GET => "/$path/", from($address,
        headers => ['Authorization: Basic ' . MIME::Base64::encode_base64("$name:$PASSWORD", '')]))->{status};
}

case 'an account signs in by its name and by its address, in any spelling of them' => sub {
    my $id = new_account('alice', email => 'alice@bücher.example')->{id};
    for my $typed ('alice', 'ALICE', 'alice@bücher.example', 'Alice@BÜCHER.example', 'alice@xn--bcher-kva.example',
            ' alice@bücher.example ') {
        my $r = sign_in(stranger(), $typed, $PASSWORD);
        is($r->{status}, 200, $typed);
        my $own = call(GET => "$USERS$id/", from(stranger(), token => json_of($r)->{token}));
        is(json_of($own)->{username}, 'alice', 'and it is that account');
    }
    my $form = call(POST => $TOKEN, from(stranger(), form => "username=alice\@xn--bcher-kva.example&password="
        . ($PASSWORD =~ s/ /+/gr)));
    is($form->{status}, 200, 'as a form');
};

case 'each host has its own words, and the default is the name' => sub {
    new_account('berta', email => 'berta@example.org');
    my %want = ($email_port => [400, 200], $name_port => [200, 400], $server->{port} => [200, 200]);
    for my $port (sort keys %want) {
        my @got = map { sign_in(stranger(), $_, $PASSWORD, port => $port)->{status} } 'berta', 'berta@example.org';
        is("@got", "@{ $want{$port} }", "name and address at $port");
    }
};

case 'unknown addresses, wrong passwords, names and inactive accounts are refused alike' => sub {
    my $id = new_account('carl', email => 'carl@example.org')->{id};
    new_account('cora', email => 'cora@example.org');
    $database->{sql}->("update um_users set is_active = 0 where id = '$id'");
    for my $row (['nobody@example.org', $PASSWORD], ['cora@example.org', 'wrong'], ['carl@example.org', $PASSWORD],
            ['cora@', $PASSWORD], ['@example.org', $PASSWORD], ['cora@example', $PASSWORD]) {
        answer_is(sign_in(stranger(), @$row), 400, $REFUSED, "$row->[0] with $row->[1]");
        answer_is(sign_in(stranger(), @$row, port => $email_port), 400, $REFUSED, "and where only addresses count");
    }
    my $mark = $server->mark;
    sign_in(stranger(), 'Nobody@example.org', $PASSWORD);
    like(UmTest::since($mark), qr/UM320: .* name "Nobody\@example\.org"/, 'the log has what was typed');
};

case 'nobody can register a name that could be an address' => sub {
    my $said = faults(username => 'This username may not contain @, because it could be taken for an email address.');
    for my $name ('dora@example.org', 'dora@localhost', 'd@', "dora\x{ff20}example.org", "dora\x{fe6b}example.org") {
        answer_is(post_from(stranger(), $USERS, { username => $name, password => $PASSWORD }), 400, $said, $name);
    }
    is(post_from(stranger(), $USERS, { username => "dora$_\@example.org", email => "dora$_\@example.org",
        password => $PASSWORD }, port => $_)->{status}, 201, 'where it cannot, it is a name like others')
        for $email_port, $name_port;
};

case 'where such a name was registered before, it comes first' => sub {
    new_account('emil', email => 'emil@example.org');
    enrol($name_port, 'emil@example.org', password => 'another horse battery');
    is(sign_in(stranger(), 'emil@example.org', $PASSWORD)->{status}, 400, 'the owner of the address');
    is(sign_in(stranger(), 'emil', $PASSWORD)->{status}, 200, 'has the name still');
    is(sign_in(stranger(), 'emil@example.org', 'another horse battery')->{status}, 200, 'the name');
    is(sign_in(stranger(), 'emil@example.org', $PASSWORD, port => $email_port)->{status}, 200,
        'and where names do not count, the address');
};

case 'an address that several accounts have signs nobody in' => sub {
    my @two = map { enrol($name_port, $_, email => 'two@example.org') } qw(one two);
    is(sign_in(stranger(), 'two@example.org', $PASSWORD)->{status}, 400, 'two');
    is(sign_in(stranger(), $_, $PASSWORD)->{status}, 200, "$_ signs in by name") for qw(one two);
};

case 'where only addresses count, an account needs one and cannot lose it' => sub {
    for my $row ([{}, 'This field is required.'], [{ email => '' }, 'This field may not be blank.']) {
        answer_is(post_from(stranger(), $USERS, { username => 'fred', password => $PASSWORD, %{ $row->[0] } },
            port => $email_port), 400, faults(email => $row->[1]), $row->[1]);
    }
    my $fred = enrol($email_port, 'fred', email => 'fred@example.org');
    my $patch = sub { call(PATCH => "$USERS$fred->{id}/", from(stranger(), token => $fred->{auth_token},
        json => JSON::PP::encode_json($_[0]), port => $email_port)) };
    answer_is($patch->({ email => '' }), 400, faults(email => 'This field may not be blank.'), 'PATCH');
    is($patch->({ first_name => 'Fred' })->{status}, 200, 'PATCH of something else');
    is($patch->({ email => 'fred2@example.org' })->{status}, 200, 'PATCH of the address');
    is(sign_in(stranger(), 'fred@example.org', $PASSWORD, port => $email_port)->{status}, 400, 'the former address');
    is(sign_in(stranger(), 'fred2@example.org', $PASSWORD, port => $email_port)->{status}, 200, 'the new one');
};

case 'Basic takes addresses, and the user of the request is the name' => sub {
    new_account('gerda', email => 'gerda@example.org');
    my $here = stranger();
    is(basic_at('gerda', $here, $_), 404, "$_ is the user gerda") for ('gerda', 'gerda@example.org') x 2;
    is(basic_at('gerda', $here, $_), 401, "$_ is nobody") for 'gerd@example.org', 'gerda@example.com';
    # In a name "ß" is "ss"; in an address it is not.
    new_account('strasse', email => 's@strasse-x.example');
    new_account('strass2', email => 's@straße-x.example');
    for (1, 2) {
        is(basic_at('strasse', $here, 's@strasse-x.example'), 404, 'one address');
        is(basic_at('strass2', $here, 's@straße-x.example'), 404, 'and the other, with the same password');
    }
};

case 'failures by address and by name count for the account, and neither shows whose address it is' => sub {
    my $hans = new_account('hans', email => 'hans@example.org');
    my $here = stranger();
    is(counted(5, failing($here, 'hans@example.org')), '400 x5', 'five by address');
    is(sign_in($here, 'HANS@example.org', $PASSWORD)->{status}, 429, 'then none by address');
    answer_is(sign_in($here, 'hans', $PASSWORD), 400, $REFUSED,
        'and a right password by name is refused as a wrong one is');
    is(counted(5, failing($here, 'hans')), '400 x4, 429 x1',
        'the name has as many tries as one of another account');
    new_account('inge', email => 'inge@example.org');
    my $there = stranger();
    is(counted(6, failing($there, 'inge')), '400 x5, 429 x1', 'five by name');
    answer_is(sign_in($there, 'inge@example.org', $PASSWORD), 400, $REFUSED,
        'then a right password is refused by address, as a wrong one is');
    answer_is(sign_in($there, 'nobody@example.net', $PASSWORD), 400, $REFUSED, 'and as an unknown address is');
    forward(1);
    is(sign_in($there, 'inge@example.org', $PASSWORD)->{status}, 200, 'after the wait it is taken');
    is(counted(6, failing($there, 'inge')), '400 x5, 429 x1', 'and ends the count of the name');
    my $third = stranger();
    is(counted(5, failing($third, 'hans@example.org')), '400 x5', 'five by address');
    my $token = json_of(sign_in(stranger(), 'hans', $PASSWORD))->{token};
    is(post_from($third, "$USERS$hans->{id}/", { old_password => 'x', new_password => 'Red-House?38' },
        token => $token)->{status}, 429, 'and none by a change of the password');
};

case 'the limit of an account over all addresses is not doubled, and its owner is not locked out' => sub {
    my ($jan, $owner) = (new_account('jan', email => 'jan@example.org'), stranger());
    is(sign_in($owner, 'jan@example.org', $PASSWORD)->{status}, 200, 'the owner signs in by address');
    my @by = ('jan', 'jan@example.org');
    my $try = sub { my ($i) = @_; return failing(stranger(), $by[$i % 2])->($i) };
    is(counted(50, $try), '400 x50', 'fifty failures, by name and by address');
    is(sign_in(stranger(), 'jan', $PASSWORD)->{status}, 400, 'then none by name');
    is(sign_in(stranger(), 'jan@example.org', $PASSWORD)->{status}, 400, 'and none by address');
    is(sign_in($owner, $_, $PASSWORD)->{status}, 200, "the owner from where they were: $_") for @by;
    is(counted(30, sub { failing(stranger(), 'jan@example.org')->($_[0]) }), '400 x24, 429 x6', 'more by address');
    is(sign_in($owner, $_, $PASSWORD)->{status}, 200, "the owner still: $_") for @by;
};

case 'the session tells the owner of an address when the memory does not' => sub {
    new_account('kurt', email => 'kurt@example.org');
    my $owner = stranger();
    is(sign_in($owner, 'kurt', $PASSWORD)->{status}, 200, 'the owner signs in by name');
    is(counted(50, sub { failing(stranger(), 'kurt@example.org')->($_[0]) }), '400 x50', 'fifty failures by address');
    is(sign_in(stranger(), 'kurt@example.org', $PASSWORD)->{status}, 429, 'then none by address');
    is(sign_in($owner, 'kurt@example.org', $PASSWORD)->{status}, 200, 'but the owner');
};

case 'a password that is cached for Basic is refused by address while the name is throttled' => sub {
    new_account('lena', email => 'lena@example.org');
    my $here = stranger();
    is(basic_from($here, 'lena@example.org', $PASSWORD)->{status}, 404, 'the right password') for 1, 2;
    is(counted(6, failing($here, 'lena')), '400 x5, 429 x1', 'failures by name');
    is(basic_from($here, 'lena@example.org', $PASSWORD)->{status}, 401, 'the cached password');
    forward(1);
    is(basic_from($here, 'lena@example.org', $PASSWORD)->{status}, 404, 'and after the wait');
};

case 'the start gives claims to addresses that are not shared, and tells of the others' => sub {
    my $other = new_database();
    my $before = UmServer->start($other, 'UserMgmtUniqueEmail Off', children => 1);
    my $enrol = sub { my ($name, $email) = @_; call(POST => $USERS, port => $before->{port}, json =>
        qq({"username":"$name","password":"$PASSWORD","email":"$email"})) };
    $enrol->(@$_) for ['max', 'max@example.org'], ['nina', 'n@example.org'], ['nora', 'N@example.org'], ['otto', ''],
        ['max@example.org', 'x@example.org'];
    add_accounts($other, 1200, 'many');
    $before->stop;
    my $after = UmServer->start($other, "UserMgmtUniqueEmail On\nUserMgmtLogin both", children => 1);
    my $log = sub { return $after->log };
    ok(UmServer::await(20, sub { $log->() =~ /UM131/ && $log->() =~ /UM132/ }), 'both lines come');
    like($log->(), qr/UM131: 2 accounts share their e-mail address .* such as [0-9a-f-]{36};/, 'two share one');
    like($log->(), qr/UM132: 1 accounts have the e-mail address of another account as their name/, 'a name hides one');
    is($other->{sql}->("select email_claim from um_users where username = 'max'"), 'max@example.org', 'the claim');
    is($other->{sql}->("select count(email_claim) from um_users where username in ('nina', 'nora', 'otto')"), 0,
        'those that share have none');
    $after->stop;
    is($after->crashes, '', 'no process of it crashed');
};

is($server->crashes, '', 'no process of the server crashed');
api_done();
