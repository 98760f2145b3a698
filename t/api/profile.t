#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Reading and changing one's own account: GET, HEAD, PUT and PATCH /api/v1/users/<id>/.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;

my $me = register(first_name => 'Ann', last_name => 'Lee', email => 'Ann@example.org');
my $other = register(first_name => 'Bob', email => 'bob@example.org');
my %mine = (token => $me->{token});

# ---- reading -------------------------------------------------------------------------------------------------------

answer_is(call(GET => $me->{path}, %mine), 200, profile_of($me), 'one\'s own account');
answer_is(call(GET => $me->{path}, %mine, json => '{not json'), 200, profile_of($me), 'a body is not looked at');
answer_is(call(GET => $me->{path}, %mine, body => 'x', type => 'text/plain'), 200, profile_of($me), 'nor is its type');
answer_is(call(GET => "$me->{path}?username=x&first_name=y", %mine), 200, profile_of($me), 'nor a query');
{
    my ($get, $head) = map { call($_ => $me->{path}, %mine) } qw(GET HEAD);
    is("$head->{status} $head->{body}", '200 ', 'HEAD has no body');
    delete $_->{head}{date} for $get, $head;
    is_deeply($head->{head}, $get->{head}, 'and the headers of GET');
}

my $id = $me->{id};
(my $short = $id) =~ s/-//g;
answer_is(call(GET => "$USERS$_/", %mine), 200, profile_of($me), "the id as $_") for uc $id, $short, uc $short,
    ucfirst $short;

# ---- whose account -------------------------------------------------------------------------------------------------

my @nobodys = (
    ['another\'s', $other->{id}], ['another\'s in upper case', uc $other->{id}],
    ['another\'s without dashes', do { (my $text = $other->{id}) =~ s/-//g; $text }],
    ['unknown', '0f0e0d0c-0b0a-4908-8706-050403020100'], ['all zero', '00000000-0000-0000-0000-000000000000'],
    ['a number', '1'], ['a word', 'me'], ['a sign', '-'], ['a star', '*'], ['one\'s own name', $me->{username}],
    ['one digit short', substr($id, 0, -1)], ['one digit more', "${id}0"],
        ['a digit that is none', substr($id, 0, -1) . 'g'],
    ['one dash missing', substr($id, 0, 8) . substr($id, 9)], ['dashes elsewhere', substr($short, 0, 4) . '-'
        . substr($short, 4)],
    ['braces', "%7B$id%7D"], ['an URN', "urn:uuid:$id"], ['a blank after', "$id%20"], ['a blank before', "%20$id"],
        ['a dot after', "$id."],
    ['a quote', "$id'"], ['a line end', "$id%0A"], ['a parameter', "$id;x=1"], ['bytes that are no text', '%FF%FE'],
    ['two ids', "$id,$id"], ['very long', 'a' x 2000],
);
my @methods = (
    [GET => ()], [HEAD => ()], [PUT => json => '{"first_name":"Eve"}'], [PATCH => json => '{"first_name":"Eve"}'],
        [DELETE => ()],
    [POST => json => '{"old_password":"' . good_password() . '","new_password":"Red-House?38"}'],
    [PATCH => json => '{"first_name":'], [POST => body => 'x', type => 'text/plain'],
        [PUT => json => '{"first_name":null}'], [POST => json => '{}'],
);
for my $row (@nobodys) {
    my ($what, $where) = @$row;
    my %alike;
    for my $method (@methods) {
        my ($verb, @with) = @$method;
        my $answer = call($verb => "$USERS$where/", %mine, @with);
        $alike{"$answer->{status} " . ($verb eq 'HEAD' ? detail('not_found') : $answer->{body})}++;
    }
    is_deeply(\%alike, { '404 ' . detail('not_found') => scalar @methods }, "$what: not found, by every method");
    answer_is(call(GET => "$USERS$where/"), 401, detail('no_token'), "$what: a token is asked for first");
}
{
    my @answers = map { call(GET => "$USERS$_/", %mine) } $other->{id}, '0f0e0d0c-0b0a-4908-8706-050403020100', 'x';
    delete $_->{head}{date} for @answers;
    is_deeply($answers[$_]{head}, $answers[0]{head}, 'the headers do not tell another\'s from nobody\'s') for 1, 2;
}
answer_is(call(GET => $other->{path}, token => $other->{token}), 200, profile_of($other),
    'the other account is as it was');
answer_is(call(GET => $me->{path}, %mine), 200, profile_of($me), 'and so is one\'s own');
ok(login($other->{username}, $other->{password}), 'the other password too');

# Staff may see any account, and are told the same of what is not there.
{
    my $staff = register();
    UmTest::sql("update um_users set is_staff = 1 where id = '$staff->{id}'");
    answer_is(call(GET => $_->{path}, token => $staff->{token}), 200, profile_of($_), 'staff see an account')
        for $me, $other, $staff;
    answer_is(call(GET => "$USERS$_/", token => $staff->{token}), 404, detail('not_found'), "staff: nothing at $_")
        for '0f0e0d0c-0b0a-4908-8706-050403020100', 'x';
    UmTest::sql("update um_users set is_staff = 0 where id = '$staff->{id}'");
    answer_is(call(GET => $me->{path}, token => $staff->{token}), 404, detail('not_found'),
        'who is no longer staff does not');
}

# ---- changing ------------------------------------------------------------------------------------------------------

# Each row: what, the body, what it changes. They build upon each other.
my @changes = (
    ['nothing', '{}'],
    ['an empty body'],
    ['one member', '{"first_name":"Anna"}', first_name => 'Anna'],
    ['all of them', '{"email":"x@y.zz","last_name":"Li","first_name":"An"}', first_name => 'An', last_name => 'Li',
        email => 'x@y.zz'],
    ['an empty text clears', '{"first_name":"","email":""}', first_name => '', email => ''],
    ['the others stay', '{"email":"Ann.Lee@Example.ORG"}', email => 'Ann.Lee@example.org'],
    ['blanks around', '{"first_name":"  Ann ","email":" a@b.co\n"}', first_name => 'Ann', email => 'a@b.co'],
    ['any script', '{"first_name":"Ærø","last_name":"名\ud83d\ude00"}', first_name => 'Ærø', last_name => '名😀'],
    ['150 characters', '{"last_name":"' . 'é' x 150 . '"}', last_name => 'é' x 150],
    ['blanks only clear', '{"last_name":"   "}', last_name => ''],
    ['what may not be changed stays',
        '{"id":"0f0e0d0c-0b0a-4908-8706-050403020100","username":"root","password":"Red-House?38","is_staff":true,'
        . '"is_superuser":true,"is_active":false,"auth_token":"x","version":9,"created_at":0,"first_name":"A"}',
            first_name => 'A'],
    ['what may not be changed may even be faulty', '{"id":[],"username":null,"password":1,"email":"b@c.dd"}',
        email => 'b@c.dd'],
);
my %now = (%$me);
for my $verb (qw(PATCH PUT)) {
    for my $row (@changes) {
        my ($what, $body, %changed) = @$row;
        %now = (%now, %changed);
        answer_is(call($verb => $me->{path}, %mine, defined $body ? (json => $body) : ()), 200, profile_of(\%now),
            "$verb: $what");
        answer_is(call(GET => $me->{path}, %mine), 200, profile_of(\%now), "$verb: $what, and it stays so");
    }
}
ok(login($me->{username}, $me->{password}), 'the password is still the same');
ok(!login($me->{username}, 'Red-House?38'), 'and no other');

# ---- what may not be changed, by staff -------------------------------------------------------------------------------

{
    my $staff = register();
    UmTest::sql("update um_users set is_staff = 1 where id = '$staff->{id}'");
    my $fixed = '["This field cannot be changed here."]';
    my @refused = (
        [is_active => 'false'], [is_staff => 'true'], [groups => '["x"]'], [email_verified => 'true'],
        [password => '"Red-House?38"'], [created_at => '0'], [last_sign_in_at => 'null'], [username => '"root"'],
        [username => 'null'], [id => '"0f0e0d0c-0b0a-4908-8706-050403020100"'],
    );
    for my $row (map { ([PATCH => @$_], [PUT => @$_]) } @refused) {
        my ($verb, $name, $value) = @$row;
        answer_is(call($verb => $me->{path}, token => $staff->{token}, json => qq({"first_name":"Z","$name":$value})), 400,
            qq({"$name":$fixed}), "$verb by staff: $name is named");
    }
    answer_is(call(PATCH => $staff->{path}, token => $staff->{token}, json => '{"is_active":false,"groups":[]}'), 400,
        qq({"is_active":$fixed,"groups":$fixed}), 'also of their own account, all at once');
    answer_is(call(PATCH => $me->{path}, token => $staff->{token}, form => 'is_active=false'), 400,
        qq({"is_active":$fixed}), 'also in a form');
    answer_is(call(GET => $me->{path}, %mine), 200, profile_of(\%now), 'and nothing was changed');
    answer_is(call(PUT => $me->{path}, token => $staff->{token}, json => profile_of(\%now)), 200, profile_of(\%now),
        'the account as it was shown may come back');
    answer_is(call(PATCH => $me->{path}, token => $staff->{token}, json => '{"version":1,"is_superuser":true}'), 200,
        profile_of(\%now), 'what no account has is ignored');
    my $problem = call(PATCH => $me->{path}, token => $staff->{token}, json => '{"is_active":false}',
        headers => ['Accept: application/problem+json']);
    like($problem->{body}, qr/"code":"read_only"/, 'with a code of its own');
    my $options = json_of(call(OPTIONS => $me->{path}));
    is(join(' ', sort keys %{ $options->{actions}{PATCH} }), 'email first_name last_name', 'OPTIONS names what can be set');
}

my @forms = (
    ['a web form', form => 'first_name=F%C3%B6&last_name=', first_name => 'Fö', last_name => ''],
    ['a multipart form', type => 'multipart/form-data; boundary=zz',
        body => "--zz\r\nContent-Disposition: form-data; name=\"last_name\"\r\n\r\nMül\r\n--zz--\r\n",
        last_name => 'Mül'],
);
for my $verb (qw(PATCH PUT)) {
    for my $row (@forms) {
        my ($what, %with) = @$row;
        my %changed = map { $_ => delete $with{$_} } grep { /_name\z/ } keys %with;
        %now = (%now, %changed);
        answer_is(call($verb => $me->{path}, %mine, %with), 200, profile_of(\%now), "$verb by $what");
    }
}
answer_is(call(PATCH => $USERS . uc($me->{id}) . '/', %mine, json => '{"first_name":"Up"}'), 200,
    profile_of(\%now, first_name => 'Up'), 'the id may be in upper case here too');
$now{first_name} = 'Up';

# ---- faults change nothing -----------------------------------------------------------------------------------------

my @faulty = (
    ['null', '{"first_name":null}', first_name => 'null'],
    ['all null', '{"email":null,"last_name":null,"first_name":null}',
        map { $_ => 'null' } qw(first_name last_name email)],
    ['no texts', '{"first_name":[],"last_name":{}}', first_name => 'string', last_name => 'string'],
    ['numbers', '{"first_name":1,"last_name":1.5}', first_name => 'string', last_name => 'string'],
    ['truth values', '{"first_name":true,"last_name":false}', first_name => 'string', last_name => 'string'],
    ['an e-mail that is no text', '{"email":false}', email => 'email'],
    ['a bad e-mail among good ones', '{"first_name":"New","email":"x","last_name":"New"}', email => 'email'],
    ['two e-mails', '{"email":"a@b.de,c@d.de"}', email => 'email'],
    ['too long', '{"first_name":"' . 'x' x 151 . '","last_name":"' . 'é' x 151 . '"}', first_name => 'max150',
        last_name => 'max150'],
    ['zero characters', '{"first_name":"\u0000","last_name":"New","email":"a\u0000@b.de"}', first_name => 'nul',
        email => ['nul', 'email']],
    ['half characters', '{"first_name":"\ud800"}', first_name => 'Surrogate characters are not allowed: U+D800.'],
);
for my $verb (qw(PATCH PUT)) {
    for my $row (@faulty) {
        my ($what, $body, @faults) = @$row;
        answer_is(call($verb => $me->{path}, %mine, json => $body), 400, faults(@faults), "$verb refused: $what");
    }
}
answer_is(call(GET => $me->{path}, %mine), 200, profile_of(\%now), 'no refused change left a trace');

# Concurrent changes of different members do not undo each other.
{
    my @answers = race(map { request_text(PATCH => $me->{path}, %mine, json => $_) } '{"first_name":"R1"}',
        '{"last_name":"R2"}', '{"email":"r@3.org"}');
    is(join(' ', map { $_->{status} } @answers), '200 200 200', 'three changes at the same instant are accepted');
    answer_is(call(GET => $me->{path}, %mine), 200, profile_of(\%now, first_name => 'R1', last_name => 'R2',
        email => 'r@3.org'),
        'and none undoes another');
}

api_done();
