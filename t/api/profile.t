#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Reading and changing one's own account: GET, HEAD, PUT and PATCH /api/v1/users/<id>/.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmCase;

my $NOBODY = '0f0e0d0c-0b0a-4908-8706-050403020100';     # the id of no account
my $NEW = 'Red-House?38';

sub ann { return register(first_name => 'Ann', last_name => 'Lee', email => 'Ann@example.org') }

sub bob { return register(first_name => 'Bob', email => 'bob@example.org') }

# What staff gets of an account.
sub shown_to_staff {
    my $profile = profile_of(@_) =~ s/\}\z//r;
    return qr/\Q$profile\E,"is_active":true,"is_staff":(?:true|false),"email_verified":false,"groups":\[\],
        "created_at":"[^"]+","last_sign_in_at":(?:null|"[^"]+")\}/x;
}

# An account of the staff.
sub staff {
    my $account = register();
    UmTest::sql("update um_users set is_staff = 1 where id = '$account->{id}'");
    return $account;
}

# A request to an account with its own token, or with that of another account.
sub ask {
    my ($method, $account, %with) = @_;
    return call($method => $account->{path}, token => $account->{token}, %with);
}

sub without_dashes { return $_[0] =~ s/-//gr }

# ---- reading -------------------------------------------------------------------------------------------------------

case 'an account can be read by its owner' => sub {
    my $me = ann();
    answer_is(ask(GET => $me), 200, profile_of($me), 'GET answers the profile');
    answer_is(ask(GET => $me, json => '{not json'), 200, profile_of($me), 'GET does not look at a body');
    answer_is(ask(GET => $me, body => 'x', type => 'text/plain'), 200, profile_of($me),
        'GET does not look at the type of a body');
    answer_is(call(GET => "$me->{path}?username=x&first_name=y", token => $me->{token}), 200, profile_of($me),
        'GET does not look at a query');
    my ($get, $head) = map { ask($_ => $me) } qw(GET HEAD);
    is("$head->{status} $head->{body}", '200 ', 'HEAD answers without a body');
    delete @{ $_->{head} }{qw(date x-request-id)} for $get, $head;
    is_deeply($head->{head}, $get->{head}, 'HEAD answers the headers of GET');
};

case 'an id may be written in upper case and without dashes' => sub {
    my $me = ann();
    my ($id, $short) = ($me->{id}, without_dashes($me->{id}));
    answer_is(call(GET => "$USERS$_/", token => $me->{token}), 200, profile_of($me), "the id written as $_ is found")
        for uc $id, $short, uc $short, ucfirst $short;
    answer_is(call(PATCH => $USERS . uc($id) . '/', token => $me->{token}, json => '{"first_name":"Up"}'), 200,
        profile_of($me, first_name => 'Up'), 'PATCH finds the id in upper case, too');
};

# ---- whose account -------------------------------------------------------------------------------------------------

# What stands in the place of the id, and what it is.
sub wrong_ids {
    my ($me, $other) = @_;
    my ($id, $short) = ($me->{id}, without_dashes($me->{id}));
    return (
        ['the id of another account', $other->{id}], ['the id of another account in upper case', uc $other->{id}],
        ['the id of another account without dashes', without_dashes($other->{id})],
        ['an unknown id', $NOBODY], ['an id of zeros', '00000000-0000-0000-0000-000000000000'],
        ['a number', '1'], ['a word', 'mine'], ['a dash', '-'], ['a star', '*'],
        ['the name of the own account', $me->{username}],
        ['an id with a digit less', substr($id, 0, -1)], ['an id with a digit more', "${id}0"],
        ['an id with a letter that is no digit', substr($id, 0, -1) . 'g'],
        ['an id with one dash less', substr($id, 0, 8) . substr($id, 9)],
        ['an id with a dash elsewhere', substr($short, 0, 4) . '-' . substr($short, 4)],
        ['an id in braces', "%7B$id%7D"], ['a URN', "urn:uuid:$id"], ['an id and a blank', "$id%20"],
        ['a blank and an id', "%20$id"], ['an id and a dot', "$id."], ['an id and a quote', "$id'"],
        ['an id and a line end', "$id%0A"], ['an id and a path parameter', "$id;x=1"],
        ['bytes that are no UTF-8', '%FF%FE'], ['two ids', "$id,$id"], ['2000 letters', 'a' x 2000],
    );
}

case 'no other account is found, by whatever method and whatever is written for its id' => sub {
    my ($me, $other) = (ann(), bob());
    my @methods = (
        [GET => ()], [HEAD => ()], [PUT => json => '{"first_name":"Eve"}'], [PATCH => json => '{"first_name":"Eve"}'],
        [DELETE => ()],
        [POST => json => '{"old_password":"' . good_password() . qq(","new_password":"$NEW"})],
        [PATCH => json => '{"first_name":'], [POST => body => 'x', type => 'text/plain'],
        [PUT => json => '{"first_name":null}'], [POST => json => '{}'],
    );
    for my $row (wrong_ids($me, $other)) {
        my ($what, $where) = @$row;
        my %alike;
        for my $method (@methods) {
            my ($verb, @with) = @$method;
            my $answer = call($verb => "$USERS$where/", token => $me->{token}, @with);
            $alike{"$answer->{status} " . ($verb eq 'HEAD' ? detail('not_found') : $answer->{body})}++;
        }
        is_deeply(\%alike, { '404 ' . detail('not_found') => scalar @methods }, "$what is not found, by every method");
        answer_is(call(GET => "$USERS$where/"), 401, detail('no_token'), "$what without a token is answered 401");
    }
    answer_is(ask(GET => $_), 200, profile_of($_), 'the account is as it was') for $me, $other;
    ok(login($other->{username}, $other->{password}), 'the password of the other account is as it was');
};

case 'the headers do not tell another account from none' => sub {
    my ($me, $other) = (ann(), bob());
    my @answers = map { call(GET => "$USERS$_/", token => $me->{token}) } $other->{id}, $NOBODY, 'x';
    delete @{ $_->{head} }{qw(date x-request-id)} for @answers;
    is_deeply($answers[1]{head}, $answers[0]{head}, 'an unknown id gets the headers of another account');
    is_deeply($answers[2]{head}, $answers[0]{head}, 'a word gets the headers of another account');
};

case 'staff see every account' => sub {
    my ($me, $other, $staff) = (ann(), bob(), staff());
    answer_is(call(GET => $_->{path}, token => $staff->{token}), 200, shown_to_staff($_), 'staff see an account')
        for $me, $other, $staff;
    answer_is(call(GET => "$USERS$_/", token => $staff->{token}), 404, detail('not_found'), "staff find nothing at $_")
        for $NOBODY, 'x';
    UmTest::sql("update um_users set is_staff = 0 where id = '$staff->{id}'");
    answer_is(call(GET => $me->{path}, token => $staff->{token}), 404, detail('not_found'),
        'an account that is no longer of the staff sees no other account');
};

# ---- changing ------------------------------------------------------------------------------------------------------

# Each row: what, the body, the fields that it changes. A row begins with what the rows before it have left.
my @changes = (
    ['an empty object changes nothing', '{}'],
    ['an empty body changes nothing'],
    ['one field can be changed', '{"first_name":"Anna"}', first_name => 'Anna'],
    ['all fields can be changed', '{"email":"x@y.zz","last_name":"Li","first_name":"An"}', first_name => 'An',
        last_name => 'Li', email => 'x@y.zz'],
    ['an empty text clears a field', '{"first_name":"","email":""}', first_name => '', email => ''],
    ['fields that are not named stay', '{"email":"Ann.Lee@Example.ORG"}', email => 'Ann.Lee@example.org'],
    ['white space around a value is cut off', '{"first_name":"  Ann ","email":" a@b.co\n"}', first_name => 'Ann',
        email => 'a@b.co'],
    ['any script can be written', '{"first_name":"Ærø","last_name":"名\ud83d\ude00"}', first_name => 'Ærø',
        last_name => '名😀'],
    ['150 characters are not too many', '{"last_name":"' . 'é' x 150 . '"}', last_name => 'é' x 150],
    ['a value of blanks clears a field', '{"last_name":"   "}', last_name => ''],
    ['fields that nobody may change are passed over',
        qq({"id":"$NOBODY","username":"root","password":"$NEW","is_staff":true,"is_superuser":true,)
        . '"is_active":false,"auth_token":"x","version":9,"created_at":0,"first_name":"A"}', first_name => 'A'],
    ['fields that nobody may change are passed over even when they are faulty',
        '{"id":[],"username":null,"password":1,"email":"b@c.dd"}', email => 'b@c.dd'],
);

for my $verb (qw(PATCH PUT)) {
    case "$verb changes the fields of the profile" => sub {
        my $me = ann();
        my %now = %$me;
        for my $row (@changes) {
            my ($what, $body, %changed) = @$row;
            %now = (%now, %changed);
            answer_is(ask($verb => $me, defined $body ? (json => $body) : ()), 200, profile_of(\%now), $what);
            answer_is(ask(GET => $me), 200, profile_of(\%now), "GET agrees: $what");
        }
        ok(login($me->{username}, $me->{password}), 'the password is still the same');
        ok(!login($me->{username}, $NEW), 'the password in the body is not that of the account');
    };

    case "$verb takes forms" => sub {
        my $me = ann();
        my %now = (%$me, first_name => 'Fö', last_name => '');
        answer_is(ask($verb => $me, form => 'first_name=F%C3%B6&last_name='), 200, profile_of(\%now),
            'a web form changes the account');
        answer_is(ask($verb => $me, type => 'multipart/form-data; boundary=zz',
            body => "--zz\r\nContent-Disposition: form-data; name=\"last_name\"\r\n\r\nMül\r\n--zz--\r\n"), 200,
            profile_of(\%now, last_name => 'Mül'), 'a multipart form changes the account');
    };
}

case 'changes of different fields at the same instant do not undo each other' => sub {
    my $me = ann();
    my @answers = race(map { request_text(PATCH => $me->{path}, token => $me->{token}, json => $_) }
        '{"first_name":"R1"}', '{"last_name":"R2"}', '{"email":"r@3.org"}');
    is(join(' ', map { $_->{status} } @answers), '200 200 200', 'three changes at the same instant are accepted');
    answer_is(ask(GET => $me), 200, profile_of($me, first_name => 'R1', last_name => 'R2', email => 'r@3.org'),
        'the account has all three changes');
};

# ---- what may not be changed, by staff -------------------------------------------------------------------------------

my $FIXED = '["This field cannot be changed here."]';

case 'staff are told which fields cannot be changed here' => sub {
    my ($me, $staff) = (ann(), staff());
    my @refused = (
        [password => qq("$NEW")], [created_at => '0'], [last_sign_in_at => 'null'], [username => '"root"'],
        [username => 'null'], [id => qq("$NOBODY")],
    );
    for my $row (map { ([PATCH => @$_], [PUT => @$_]) } @refused) {
        my ($verb, $name, $value) = @$row;
        answer_is(call($verb => $me->{path}, token => $staff->{token}, json => qq({"first_name":"Z","$name":$value})),
            400, qq({"$name":$FIXED}), "$verb by staff names the field $name with the value $value");
    }
    answer_is(ask(PATCH => $staff, json => '{"password":false,"created_at":[]}'), 400,
        qq({"password":$FIXED,"created_at":$FIXED}), 'staff are told all such fields at once, of their own account too');
    answer_is(call(PATCH => $me->{path}, token => $staff->{token}, form => 'username=x'), 400,
        qq({"username":$FIXED}), 'staff are told such a field of a form');
    answer_is(ask(GET => $me), 200, profile_of($me), 'no refused request has changed the account');
    my $problem = call(PATCH => $me->{path}, token => $staff->{token}, json => '{"id":false}',
        headers => ['Accept: application/problem+json']);
    like($problem->{body}, qr/"code":"read_only"/, 'problem details have the code read_only');
};

case 'staff may send back an account as it was shown' => sub {
    my ($me, $staff) = (ann(), staff());
    my $shown = call(GET => $me->{path}, token => $staff->{token})->{body};
    answer_is(call(PUT => $me->{path}, token => $staff->{token}, json => $shown), 200, $shown,
        'an account that is sent back as it was shown is accepted');
    UmTest::sql("update um_users set last_sign_in_at = null where id = '$me->{id}'");
    $shown = call(GET => $me->{path}, token => $staff->{token})->{body};
    answer_is(call(PUT => $me->{path}, token => $staff->{token}, json => $shown), 200, $shown,
        'also one that nobody has signed in to');
    answer_is(call(PATCH => $me->{path}, token => $staff->{token}, json => '{"version":1,"is_superuser":true}'), 200,
        shown_to_staff($me), 'fields that no account has are passed over');
};

case 'OPTIONS names the fields that can be set' => sub {
    my $options = json_of(call(OPTIONS => ann()->{path}));
    is(join(' ', sort keys %{ $options->{actions}{PATCH} }), 'email first_name last_name',
        'OPTIONS names first name, last name and address for PATCH');
};

# ---- faults change nothing -----------------------------------------------------------------------------------------

my @faulty = (
    ['null', '{"first_name":null}', first_name => 'null'],
    ['null for every field', '{"email":null,"last_name":null,"first_name":null}',
        map { $_ => 'null' } qw(first_name last_name email)],
    ['lists and objects', '{"first_name":[],"last_name":{}}', first_name => 'string', last_name => 'string'],
    ['numbers', '{"first_name":1,"last_name":1.5}', first_name => 'string', last_name => 'string'],
    ['truth values', '{"first_name":true,"last_name":false}', first_name => 'string', last_name => 'string'],
    ['an address that is no text', '{"email":false}', email => 'email'],
    ['a bad address among good fields', '{"first_name":"New","email":"x","last_name":"New"}', email => 'email'],
    ['two addresses', '{"email":"a@b.de,c@d.de"}', email => 'email'],
    ['texts that are too long', '{"first_name":"' . 'x' x 151 . '","last_name":"' . 'é' x 151 . '"}',
        first_name => 'max150', last_name => 'max150'],
    ['zero characters', '{"first_name":"\u0000","last_name":"New","email":"a\u0000@b.de"}', first_name => 'nul',
        email => ['nul', 'email']],
    ['half of a character', '{"first_name":"\ud800"}', first_name => 'Surrogate characters are not allowed: U+D800.'],
);

for my $verb (qw(PATCH PUT)) {
    case "$verb refuses faulty fields and changes nothing" => sub {
        my $me = ann();
        for my $row (@faulty) {
            my ($what, $body, @faults) = @$row;
            answer_is(ask($verb => $me, json => $body), 400, faults(@faults), "$verb refuses $what");
        }
        answer_is(ask(GET => $me), 200, profile_of($me), 'no refused request has changed the account');
    };
}

api_done();
