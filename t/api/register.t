#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What a person meets who makes an account: POST /api/v1/users/.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;

my $GOOD = good_password();

# A valid address of that many characters, at least 240.
sub long_address {
    my ($length) = @_;
    my $address = 'a@' . join('.', ('b' x 55) x 4) . '.';
    return $address . 'x' x ($length - length $address);
}

# The body of the answer to a registration.
sub account_like {
    my ($username, $first_name, $last_name, $email) = @_;
    return qr/\{"id":"$UUID","username":"\Q$username\E","first_name":"\Q$first_name\E","last_name":"\Q$last_name\E",
        "email":"\Q$email\E","auth_token":"[^"\\\ ]+"\}/x;
}

# ---- the answer to a good registration -----------------------------------------------------------------------------

{
    my $name = new_name();
    my $answer = call(POST => $USERS, json => qq({"username":"$name","password":"$GOOD","first_name":"Ann",)
        . '"last_name":"Lee","email":"Ann.Lee@Example.ORG"}');
    answer_is($answer, 201, account_like($name, 'Ann', 'Lee', 'Ann.Lee@example.org'),
        'a full registration is answered with the account');
    my $made = json_of($answer) || {};
    is_deeply($answer->{head}{location}, ["$USERS$made->{id}/"], 'Location names the new account');
    my $token = $made->{auth_token};
    answer_is(call(GET => "$USERS$made->{id}/", token => $token), 200,
        qq({"id":"$made->{id}","username":"$name","first_name":"Ann","last_name":"Lee","email":"Ann.Lee\@example.org"}),
        'auth_token signs the new account in');
    ok(login($name, $GOOD), 'the new account can sign in');
}

{
    my $name = new_name();
    answer_is(call(POST => $USERS, json => qq({"username":"$name","password":"$GOOD"})), 201,
        account_like($name, '', '', ''),
        'name and password are enough');
}

# Each row: what, the members beside a fresh name and a good password, the members that the answer must show.
my @accepted = (
    ['empty optional members', '"first_name":"","last_name":"","email":""', first_name => '', last_name => '',
        email => ''],
    ['blanks around names', '"first_name":"  Ann ","last_name":"\t Lee\n"', first_name => 'Ann', last_name => 'Lee'],
    ['optional members of blanks only', '"first_name":"   ","email":"  "', first_name => '', email => ''],
    ['blanks around the e-mail', '"email":" a@b.co "', email => 'a@b.co'],
    ['names in any script', '"first_name":"Ærøskøbing","last_name":"名前"', first_name => 'Ærøskøbing',
        last_name => '名前'],
    ['escapes become plain UTF-8', '"first_name":"J\u00e9 \ud83d\ude00"', first_name => 'Jé 😀'],
    ['a slash is not escaped', '"first_name":"a/b"', first_name => 'a/b'],
    ['150 characters of two bytes each', '"first_name":"' . 'é' x 150 . '"', first_name => 'é' x 150],
    ['markup is kept as text', q("first_name":"<b>&'\"\\\\"), first_name => q(<b>&'"\\)],
    ['only the domain is lower-cased', '"email":"A.B+C@EXAMPLE.Org"', email => 'A.B+C@example.org'],
    ['localhost as domain', '"email":"a@localhost"', email => 'a@localhost'],
    ['an international domain', '"email":"a@bücher.de"', email => 'a@bücher.de'],
    ['an ASCII form of such a domain', '"email":"a@xn--bcher-kva.de"', email => 'a@xn--bcher-kva.de'],
    ['odd but good characters', q("email":"a+b_c'd!#$%&*/=?^`{|}~-@e-f.gh"),
        email => q(a+b_c'd!#$%&*/=?^`{|}~-@e-f.gh)],
    ['254 characters', '"email":"' . long_address(254) . '"', email => long_address(254)],
    ['64 characters before the at', '"email":"' . 'a' x 64 . '@b.de"', email => 'a' x 64 . '@b.de'],
    ['unknown members', '"nonsense":[1,{"x":null}],"is_staff":true,"is_superuser":1,"is_active":false,"groups":[1]',
        first_name => ''],
    ['members only the server writes', '"id":"00000000-0000-4000-8000-000000000000","auth_token":"mine"',
        last_name => ''],
);

for my $row (@accepted) {
    my ($what, $members, %shown) = @$row;
    my $answer = call(POST => $USERS, json => sprintf('{"username":"%s","password":"%s",%s}', new_name(), $GOOD,
        $members));
    my $made = json_of($answer) || {};
    is_deeply([$answer->{status}, { map { $_ => $made->{$_} } keys %shown }], [201, \%shown],
        "a registration is accepted: $what")
        or diag($answer->{body});
    like($answer->{body}, qr/\A\{"id":"(?!00000000-0000-4)$UUID","username":.*,"auth_token":"(?!mine")[^"]+"\}\z/,
        "$what: the account is shown as usual");
}

# The same address may serve several accounts.
{
    my $address = new_name('mail') . '@example.org';
    my @made = map { register(email => $address) } 1, 2;
    is($made[1]{email}, $address, 'two accounts may share an e-mail address');
}

# Each row: what, the name as sent (JSON), the name as answered.
my $tail = new_name('');
my @names = (
    ['ASCII with all its signs', "Az09.\@+-_$tail", "Az09.\@+-_$tail"],
    ['blanks around it', "  trim$tail\\t ", "trim$tail"],
    ['Latin letters', "Zoë$tail", "Zoë$tail"],
    ['Greek capitals stay', "ΣΟΦΊΑ$tail", "ΣΟΦΊΑ$tail"],
    ['Chinese', "名前$tail", "名前$tail"],
    ['Thai with vowel signs', "ที่นี่$tail", "ที่นี่$tail"],
    ['Devanagari with vowel signs', "नमस्ते$tail", "नमस्ते$tail"],
    ['Arabic digits', "١٢٣$tail", "١٢٣$tail"],
    ['a decomposed accent is composed', "e\\u0301cole$tail", "école$tail"],
    ['full-width letters become ordinary ones', "ｗｉｄｅ$tail", "wide$tail"],
    ['a ligature becomes its letters', "ﬁnch$tail", "finch$tail"],
    ['one character', "\xef\xa8\xb0", undef],
);
pop @names;     # a one-character name could not be new in a second run

for my $row (@names) {
    my ($what, $sent, $shown) = @$row;
    my $answer = call(POST => $USERS, json => qq({"username":"$sent","password":"$GOOD"}));
    is("$answer->{status} " . ((json_of($answer) || {})->{username} || $answer->{body}), "201 $shown",
        "a name is accepted: $what");
}

{
    my $name = new_name('é' x 20);
    $name .= 'ü' x (150 - length(do { utf8::decode(my $text = $name); $text }));
    answer_is(call(POST => $USERS, json => qq({"username":"$name","password":"$GOOD"})), 201, qr/.*/s,
        'a name of 150 characters may have more than 150 bytes');
}

# ---- refusals ------------------------------------------------------------------------------------------------------

# Each row: what, the body, the faults in the order of the schema. NAME and GOOD stand for a free name and a good
# password.
my @refused = (
    ['nothing', '{}', username => 'required', password => 'required'],
    ['no name', '{"password":"GOOD"}', username => 'required'],
    ['no password', '{"username":"NAME"}', password => 'required'],
    ['blanks', '{"password":"","username":""}', username => 'blank', password => 'blank'],
    ['a name of white space', '{"username":" \t\n\u00a0 ","password":"GOOD"}', username => 'blank'],
    ['nulls', '{"username":null,"password":null,"first_name":null,"last_name":null,"email":null}',
        map { $_ => 'null' } qw(username password first_name last_name email)],
    ['lists', '{"username":[],"password":["GOOD"],"first_name":[],"last_name":[]}',
        map { $_ => 'string' } qw(username password first_name last_name)],
    ['objects', '{"username":{},"password":{},"first_name":{"a":1},"last_name":{}}',
        map { $_ => 'string' } qw(username password first_name last_name)],
    ['truth values', '{"username":true,"password":false,"first_name":true,"last_name":false}',
        map { $_ => 'string' } qw(username password first_name last_name)],
    ['numbers', '{"username":1234567,"password":12345678901,"first_name":0,"last_name":-1.5e3}',
        map { $_ => 'string' } qw(username password first_name last_name)],
    ['an e-mail that is no text', '{"username":"NAME","password":"GOOD","email":["a@b.de"]}', email => 'email'],
    ['an e-mail that is a number', '{"username":"NAME","password":"GOOD","email":5}', email => 'email'],
    ['zero characters',
        '{"username":"a\u0000b","password":"GOOD\u0000","first_name":"\u0000","last_name":"a\u0000",'
        . '"email":"a\u0000@b.de"}',
        username => ['username', 'nul'], password => 'nul', first_name => 'nul', last_name => 'nul',
            email => ['nul', 'email']],
    ['half characters',
        '{"username":"NAME\ud800","password":"GOOD\udfff","first_name":"a\udc00b","last_name":"\ud83d",'
        . '"email":"\ud800@b.de"}',
        username => ['username', 'Surrogate characters are not allowed: U+D800.'],
            password => 'Surrogate characters are not allowed: U+DFFF.',
        first_name => 'Surrogate characters are not allowed: U+DC00.',
            last_name => 'Surrogate characters are not allowed: U+D83D.',
        email => ['Surrogate characters are not allowed: U+D800.', 'email']],
    ['halves in the wrong order', '{"username":"NAME","password":"GOOD","first_name":"\ude00\ud83d"}',
        first_name => 'Surrogate characters are not allowed: U+DE00.'],
    ['one character too many', '{"username":"' . 'q' x 151 . '","password":"' . 'aB3$' x 256 . 'x","first_name":"'
        . 'x' x 151
        . '","last_name":"' . 'x' x 151 . '","email":"' . long_address(255) . '"}',
        username => 'max150', password => 'max1024', first_name => 'max150', last_name => 'max150', email => 'max254'],
    ['an e-mail too long and without sense', '{"username":"NAME","password":"GOOD","email":"' . 'x' x 255 . '"}',
        email => ['max254', 'email']],
    ['one two-byte character too many', '{"username":"NAME","password":"GOOD","first_name":"' . 'é' x 151 . '"}',
        first_name => 'max150'],
    ['a name too long and with bad characters', '{"username":"' . 'q' x 150 . '!","password":"GOOD"}',
        username => ['username', 'max150']],
    ['a name and an address far too long, of which nothing else is looked at', '{"username":"' . 'q' x 600
        . '!","password":"GOOD","email":"' . 'x' x 1017 . '"}', username => 'max150', email => 'max254'],
    ['a name too long once it is normalised', '{"username":"' . 'ﬃ' x 51 . '","password":"GOOD"}',
        username => 'max150'],
    ['all fields at once, in the order of the schema',
        '{"email":"x","last_name":null,"first_name":7,"password":"123456","username":"a b"}',
        username => 'username', password => [qw(short common numeric)], first_name => 'string', last_name => 'null',
            email => 'email'],
    (map { ["the name $_", qq({"username":"$_","password":"GOOD"}), username => 'username'] }
        'a b', 'a/b', 'a%20b', 'a,b', 'a;b', 'a:b', 'a\"b', 'a\\\\b', "a'b", '<a>', 'a#b', 'a?b', 'a!', 'a\u200bb',
            'a\u00adb',
        'a\u202eb', 'a\u0007b', 'a\nb', 'a😀', '\u0301a', 'a–b', 'ａ／ｂ'),
    (map { ["the e-mail $_", qq({"username":"NAME","password":"GOOD","email":"$_"}), email => 'email'] }
        'x', '@', 'a@', '@b.de', 'a@b', 'a@b.c', 'a@@b.de', 'a@b@c.de', 'a b@c.de', 'a@b c.de', 'a@b..de', '.a@b.de',
            'a.@b.de',
        'a..b@c.de', 'a@-b.de', 'a@b-.de', 'a@.b.de', 'a@b.de.', 'a@b_c.de', 'ä@b.de', 'a@[127.0.0.1]', 'a@127.0.0.1',
        '\"a b\"@c.de', 'a,b@c.de', 'a@b.de,c@d.de', 'a@b.de\r\nBcc: c@d.de', 'a\n@b.de', '<a@b.de>', 'Ann <a@b.de>',
        'a' x 65 . '@b.de', 'a@' . 'b' x 64 . '.de'),
);

for my $row (@refused) {
    my ($what, $body, @faults) = @$row;
    my $name = new_name();
    $body =~ s/NAME/$name/g;
    $body =~ s/GOOD/$GOOD/g;
    answer_is(call(POST => $USERS, json => $body), 400, faults(@faults), "refused: " . substr($what, 0, 60));
    fail("$what: no account came of it") if login($name, $GOOD);
}

# ---- names that are taken ------------------------------------------------------------------------------------------

{
    my $tail = new_name('');
    register(username => "Éloïse_Σß$tail");
    my @same = (
        ['the same', "Éloïse_Σß$tail"], ['with blanks around', " Éloïse_Σß$tail "], ['lower case', "éloïse_σß$tail"],
        ['upper case', "ÉLOÏSE_Σß$tail"], ['the other small sigma', "éloïse_ςß$tail"],
            ['SS for sharp s', "éloïse_σSS$tail"],
        ['decomposed accents', "E\\u0301loi\\u0308se_Σß$tail"], ['full-width letters', "Éｌｏïｓｅ_Σß$tail"],
        ['a long s', "Éloïſe_Σß$tail"],
    );
    answer_is(call(POST => $USERS, json => qq({"username":"$_->[1]","password":"$GOOD"})), 400,
        faults(username => 'taken'),
        "a name is taken: $_->[0]") for @same;
    answer_is(call(POST => $USERS, json => qq({"username":"$same[0][1]","password":"123456","email":"x"})), 400,
        faults(username => 'taken', password => [qw(short common numeric)], email => 'email'),
            'taken, and other faults with it');
    answer_is(call(POST => $USERS, json => qq({"username":"Eloise_Σß$tail","password":"$GOOD"})), 201, qr/.*/s,
        'a name without its accents is another name');
}

# ---- the password policy -------------------------------------------------------------------------------------------

# Each row: what, the members, the texts; no text = accepted.
my @policy = (
    ['like the name', '"username":"margaretha","password":"margaretha1"', 'like_username'],
    ['like the name in other case', '"username":"margaretha","password":"MargaRETHA1"', 'like_username'],
    ['the letters of the name in another order', '"username":"margaretha","password":"ahteragram"', 'like_username'],
    ['like a part of the name', '"username":"jo.margaretha","password":"9margaretha"', 'like_username'],
    ['like the first name', '"first_name":"Margaretha","password":"margaretha1"', 'like_first_name'],
    ['like one word of it', '"first_name":"Ann Margaretha","password":"margaretha1"', 'like_first_name'],
    ['like the last name', '"last_name":"Margaretha","password":"margaretha1"', 'like_last_name'],
    ['like the e-mail address', '"email":"margaretha@example.org","password":"margaretha1"', 'like_email'],
    ['like the e-mail\'s domain', '"email":"a@margaretha.org","password":"margaretha1"', 'like_email'],
    ['like the whole e-mail', '"email":"margar@etha.org","password":"margar@etha.org"', 'like_email'],
    ['only the first likeness is named',
        '"last_name":"margaretha","first_name":"margaretha","email":"margaretha@b.de","password":"margaretha1"',
        'like_first_name'],
    ['alike by exactly seven tenths', '"first_name":"abcdefghij","password":"abcdefgXYZ"', 'like_first_name'],
    ['alike by less', '"first_name":"abcdefghij","password":"abcdefWXYZ"'],
    ['alike in another script', '"first_name":"Маргарита","password":"маргаритА1"', 'like_first_name'],
    ['seven characters', '"password":"aB3$xyz"', 'short'],
    ['seven characters of two bytes', '"password":"äöüßéàç"', 'short'],
    ['eight characters', '"password":"aB3$xyzQ"'],
    ['eight characters of two bytes', '"password":"äöüßéàçñ"'],
    ['common', '"password":"password"', 'common'],
    ['common in other case', '"password":"PassWord"', 'common'],
    ['common and numeric', '"password":"12345678"', 'common', 'numeric'],
    ['digits', '"password":"83726194057"', 'numeric'],
    ['Arabic digits', '"password":"٨٣٧٢٦١٩٤٠٥٧"', 'numeric'],
    ['digits and a letter', '"password":"8372619405x"'],
    ['everything wrong', '"first_name":"123456","password":"123456"', qw(like_first_name short common numeric)],
    ['empty: nothing but that', '"first_name":"","password":""', 'blank'],
    ['blanks only, too few', '"password":"   "', 'short'],
    ['blanks only, enough', '"password":"            "'],
);

for my $row (@policy) {
    my ($what, $members, @texts) = @$row;
    $members = '"username":"' . new_name() . "\",$members" unless $members =~ /"username"/;
    my $answer = call(POST => $USERS, json => "{$members}");
    if (@texts) {
        answer_is($answer, 400, faults(password => \@texts), "the policy refuses a password: $what");
    }
    else {
        answer_is($answer, 201, qr/.*/s, "policy lets pass: $what");
    }
}

# ---- passwords are taken as they are -------------------------------------------------------------------------------

my @exact = (
    ['blanks around it', '  Blue-Tree!71x ', ['Blue-Tree!71x', ' Blue-Tree!71x ', '  Blue-Tree!71x', 'BLUE-TREE!71X']],
    ['case', 'Blue-Tree!71x', ['blue-tree!71x', 'Blue-Tree!71X', 'Blue-Tree!71', 'Blue-Tree!71xx']],
    ['1024 characters', join('', map { chr(65 + $_ % 26) . '$' } 1 .. 511) . 'öß',
        [join('', map { chr(65 + $_ % 26) . '$' } 1 .. 511) . 'ö']],
    ['1024 characters of three bytes', '語' x 1023 . 'x', ['語' x 1023, '語' x 1023 . 'y']],
    ['letters that only look alike', "Blue-Tree!\xc3\xa9\xef\xac\x81", ["Blue-Tree!\xc3\xa9fi",
        "Blue-Tree!e\xef\xac\x81"]],
    ['a tab and a line end', "Blue\tTree!71\n", ["Blue\tTree!71", 'Blue Tree!71']],
);

for my $row (@exact) {
    my ($what, $password, $others) = @$row;
    my $name = new_name();
    (my $sent = json_text($password)) =~ s/\t/\\t/g;
    $sent =~ s/\n/\\n/g;
    my $answer = call(POST => $USERS, json => qq({"username":"$name","password":$sent}));
    is($answer->{status}, 201, "password, $what: accepted") or diag($answer->{body});
    is(call(POST => $TOKEN, json => qq({"username":"$name","password":$sent}))->{status}, 200, "$what: signs in");
    for my $other (@$others) {
        (my $wrong = json_text($other)) =~ s/\t/\\t/g;
        answer_is(call(POST => $TOKEN, json => qq({"username":"$name","password":$wrong})), 400,
            faults(non_field_errors => 'login'), "$what: nothing but the very same");
    }
}

# ---- other media types ---------------------------------------------------------------------------------------------

sub multipart {
    my ($mark, @parts) = @_;
    return join('', map { "--$mark\r\nContent-Disposition: form-data; $_->[0]\r\n\r\n$_->[1]\r\n" } @parts)
        . "--$mark--\r\n";
}

{
    my $name = new_name();
    answer_is(call(POST => $USERS,
        form => "username=$name&password=+Blue%2DTree%2171x+&first_name=J%C3%A9&email=A%40EXAMPLE.org&x=y"),
        201, account_like($name, 'Jé', '', 'A@example.org'),
        'a web form registers');
    ok(login($name, ' Blue-Tree!71x '), 'the blanks around its password are part of it');
    ok(!login($name, 'Blue-Tree!71x'), 'blanks that belong to a password are needed to sign in');
}
{
    my $name = new_name();
    answer_is(call(POST => $USERS, type => 'multipart/form-data; boundary="a b"',
        body => multipart('a b', ['name="username"', $name],
        ['name="password"', ' Blue-Tree!71x '], ['name=last_name', 'Lée'],
            ['name="picture"; filename="x.txt"', 'not a field'])),
        201, account_like($name, '', 'Lée', ''),
        'a multipart form registers; a file that is no field does not count');
    ok(login($name, ' Blue-Tree!71x '), 'the blanks around its password are part of it');
}
{
    my $name = new_name();
    my $answer = call(POST => $USERS, form => "username=other&username=$name&password=x&password=Blue-Tree!71x");
    is((json_of($answer) || {})->{username}, $name, 'the last one of equal form fields counts');
}

my @forms = (
    ['no field', '', username => 'required', password => 'required'],
    ['names without values', 'username&password', username => 'blank', password => 'blank'],
    ['a zero character', 'username=a%00b&password=Blue-Tree!71x', username => ['username', 'nul']],
    ['all faults at once', 'password=123456&username=a+b&email=x', username => 'username',
        password => [qw(short common numeric)], email => 'email'],
);
for my $row (@forms) {
    my ($what, $body, @faults) = @$row;
    answer_is(call(POST => $USERS, form => $body), 400, faults(@faults), "form refused: $what");
    my @parts = map { my ($key,
        $value) = /\A([^=]*)=?(.*)\z/; $value =~ s/\+/ /g; $value =~ s/%00/\0/g; ["name=\"$key\"", $value] }
        split /&/, $body;
    answer_is(call(POST => $USERS, type => 'multipart/form-data; boundary=zz', body => multipart('zz', @parts)), 400,
        faults(@faults),
        "multipart form refused: $what");
}

# ---- whoever asks --------------------------------------------------------------------------------------------------

my $owner = register();
for my $header ('Bearer stale.stale.stale', 'Bearer', 'Bearer a b', "Bearer \xff", 'Basic Og==', 'Nonsense',
    "Bearer $owner->{token}") {
    answer_is(call(POST => $USERS, json => sprintf('{"username":"%s","password":"%s"}', new_name(), $GOOD),
        headers => ["Authorization: $header"]),
        201, qr/.*/s, "registration does not look at Authorization: " . substr($header, 0, 20));
}

# ---- one name, many at once ----------------------------------------------------------------------------------------

# Several times: only those that have passed the check before the first one is stored find out by the insert.
for my $round (1 .. 5) {
    my $name = new_name('race');
    my @spelled = map { $_ % 2 ? uc $name : $name } 1 .. 20;
    my @answers = race(map { request_text(POST => $USERS,
        json => qq({"username":"$spelled[$_]","password":"$GOOD$_"})) } 0 .. 19);
    my @won = grep { $answers[$_]{status} == 201 } 0 .. 19;
    is(scalar @won, 1, "twenty registrations of one name at the same instant, $round: exactly one succeeds")
        or diag(join ' ', map { $_->{status} } @answers);
    my %said;
    $said{"$_->{status} $_->{body}"}++ for grep { $_->{status} != 201 } @answers;
    my $busy = delete $said{'503 ' . detail('busy')} || 0;      # the queue for password hashes is short on purpose
    is_deeply([keys %said], ['400 ' . faults(username => 'taken')],
        "all other registrations are told that the name is taken ($busy: busy)");
    is(scalar(grep { $_->{status} == 503 && !$_->{head}{'retry-after'} } @answers), 0,
        'a busy answer says when to try again');
    next if $round > 1;
    ok(login($name, "$GOOD$won[0]"), 'the winner signs in') if @won == 1;
    is(scalar(grep { login($name, "$GOOD$_") } grep { $_ != ($won[0] || 0) } 0 .. 2), 0, 'no other password signs in');
}

api_done();
