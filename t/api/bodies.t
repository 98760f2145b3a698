#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What the API reads: media types, JSON, forms, sizes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;

my $me = register();
my @MISSING = (username => 'required', password => 'required');
my $PARSE = qr/\{"detail":"JSON parse error - [^"\\]*(?:\\.[^"\\]*)*"\}/;
my $DETAIL = qr/\{"detail":"(?:[^"\\]|\\.)+"\}/;

# Every endpoint that reads a body: method, path, and what follows it in call().
my @readers = (
    [POST => $USERS], [POST => $TOKEN], [PUT => $me->{path}, token => $me->{token}],
    [PATCH => $me->{path}, token => $me->{token}], [POST => $me->{path}, token => $me->{token}],
);

# The same request to every endpoint that reads a body, and the same answer from each.
sub all_answer {
    my ($status, $body, $name, @with) = @_;
    for my $reader (@readers) {
        my ($method, $path, @mine) = @$reader;
        answer_is(call($method => $path, @mine, @with), $status, $body, "$method " . ($path =~ s{$UUID}{<id>}r)
            . ": $name");
    }
    return;
}

# ---- what JSON is --------------------------------------------------------------------------------------------------

my @not_json = (
    ['cut off', '{'], ['cut off in a text', '{"a":"b'], ['cut off after a name', '{"a"'],
        ['cut off after a colon', '{"a":'], ['cut off in a list', '[1,2'],
    ['blanks only', "  \r\n "], ['a bare word', 'nope'], ['half a word', 'nul'], ['a word in capitals', '{"a":True}'],
        ['NaN', '{"a":NaN}'],
    ['Infinity', '{"a":Infinity}'], ['minus Infinity', '[-Infinity]'], ['a leading zero', '{"a":01}'],
        ['a plus', '{"a":+1}'],
    ['a point first', '{"a":.5}'], ['a point last', '{"a":1.}'], ['an exponent without digits', '{"a":1e}'],
        ['minus alone', '-'],
    ['hexadecimal', '{"a":0x1}'], ['single quotes', "{'a':1}"], ['no quotes', '{a:1}'], ['a number as name', '{1:2}'],
    ['a comma too many', '{"a":1,}'], ['a comma too many in a list', '[1,]'], ['no comma', '{"a":1 "b":2}'],
        ['no colon', '{"a" 1}'],
    ['the wrong bracket', '{"a":[1}'], ['a bracket too many', '{}}'], ['something after it', '{"a":1}x'],
        ['two documents', '{}{}'],
    ['a comment', '{/* */}'], ['a line comment', "{} // x"], ['a raw tab in a text', "{\"a\":\"\t\"}"],
        ['a raw line end in a text', "{\"a\":\"\n\"}"],
    ['a zero in a name', '{"username\u0000":"x"}'],
    ['a raw zero in a text', "{\"a\":\"\0\"}"], ['a zero after it', "{}\0"], ['a form feed between', "{\x0c}"],
        ['a bad escape', '{"a":"\x"}'],
    ['a short escape', '{"a":"\u12"}'], ['an escape without digits', '{"a":"\uzzzz"}'],
        ['a byte order mark', "\xef\xbb\xbf{}"],
    ['UTF-16', "\0{\0}"], ['a byte that is no UTF-8', "{\"a\":\"\xff\"}"], ['Latin-1', "{\"username\":\"J\xe9\"}"],
        ['a cut character', "{\"a\":\"\xe2\x82\"}"],
    ['an over-long character', "{\"a\":\"\xc0\x80\"}"], ['a coded surrogate', "{\"a\":\"\xed\xa0\x80\"}"],
        ['a character beyond the last', "{\"a\":\"\xf4\x90\x80\x80\"}"],
    ['bad bytes in a name', "{\"\xff\":1}"], ['equal names', '{"username":"a","username":"b"}'],
        ['equal names of no interest', '{"x":1,"y":2,"x":3}'],
    ['equal names, one escaped', '{"username":"a","\u0075sername":"b"}'],
        ['equal names deeper', '{"x":{"a":1,"a":2}}'], ['equal names in a list', '{"x":[{"a":1,"a":1}]}'],
    ['too deep', '{"a":' . '[' x 1000 . ']' x 1000 . '}'], ['much too deep', '[' x 60000],
        ['too deep in objects', '{"a":' x 5000 . '1' . '}' x 5000],
);
for my $row (@not_json) {
    my ($what, $body) = @$row;
    answer_is(call(POST => $TOKEN, json => $body), 400, $PARSE, "a body that is no JSON is refused: $what");
}
all_answer(400, $PARSE, 'no JSON', json => '{"first_name":"x","email":"a@b.de",');
all_answer(400, $PARSE, 'equal names', json => '{"first_name":"x","first_name":"y"}');

my @json = (
    ['white space everywhere', " \t\r\n{ \"a\" :\n[ 1 , 2 ] , \"b\"\t: { } } \r\n"],
        ['all kinds', '{"a":[null,true,false,0,-0,1.5,-1E+5,1e-3,"",{},[]]}'],
    ['all escapes', '{"a":"\"\\\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}'], ['an empty name', '{"":1}'],
        ['twenty deep', '{"a":' . '[' x 20 . ']' x 20 . '}'], ['a number beyond all others',
        '{"a":123456789012345678901234567890}'],
    ['many members', '{' . join(',', map { "\"m$_\":$_" } 1 .. 3000) . '}'],
        ['equal names in different objects', '{"a":{"x":1},"b":{"x":1},"x":1}'],
    ['names that differ by case', '{"a":1,"A":2}'],
);
answer_is(call(POST => $TOKEN, json => $_->[1]), 400, faults(@MISSING),
    "a body that is JSON is read: $_->[0]") for @json;

my @no_object = (
    ['[]', 'list'], ['[{"username":"x"}]', 'list'], ['"x"', 'str'], ['""', 'str'], ['1', 'int'], ['-7', 'int'],
        ['0', 'int'], ['1.0', 'float'],
    ['1e2', 'float'], ['true', 'bool'], ['false', 'bool'], [' [ ] ', 'list'],
);
answer_is(call(POST => $TOKEN, json => $_->[0]), 400,
    faults(non_field_errors => "Invalid data. Expected a dictionary, but got $_->[1]."),
    "a body that is no object is refused: $_->[0]") for @no_object;
answer_is(call(POST => $TOKEN, json => 'null'), 400, faults(non_field_errors => 'no_data'), 'the body null is refused');
all_answer(400, faults(non_field_errors => 'Invalid data. Expected a dictionary, but got list.'), 'a list',
    json => '[]');
all_answer(400, faults(non_field_errors => 'no_data'), 'null', json => 'null');

# ---- no body at all is an empty object -----------------------------------------------------------------------------

my @empty = (
    ['no body, no type', ()], ['no body, but a type', type => 'application/json'], ['an empty body', json => ''],
    ['an empty body of another type', body => '', type => 'text/plain'], ['an empty form', form => ''],
        ['no chunk', chunks => [], type => 'application/json'],
    ['an empty object', json => '{}'],
);
for my $row (@empty) {
    my ($what, @with) = @$row;
    answer_is(call(POST => $TOKEN, @with), 400, faults(@MISSING), "$what: as an empty object");
    answer_is(call(PATCH => $me->{path}, token => $me->{token}, @with), 200, profile_of($me), "$what: changes nothing");
}

# ---- media types ---------------------------------------------------------------------------------------------------

my @read = ('application/json', 'application/json; charset=utf-8', 'application/json;charset="UTF-8"',
    'APPLICATION/JSON', 'application/json ; x=y',
    'application/json; charset=iso-8859-1', 'application/json;');
for my $type (@read) {
    answer_is(call(PATCH => $me->{path}, token => $me->{token}, body => '{"first_name":"Zoë"}', type => $type), 200,
        profile_of($me, first_name => 'Zoë'), "read as UTF-8: $type");
}
call(PATCH => $me->{path}, token => $me->{token}, json => '{"first_name":""}');

my @unread = ('text/plain', 'text/plain; charset=utf-8', 'TEXT/Plain', 'garbage', 'text/json', 'application/xml',
    'application/jsonp', 'application/json2',
    'application/merge-patch+json', 'application/vnd.api+json', '*/*', 'application/*', 'multipart/mixed; boundary=x',
        'application/octet-stream',
    'text/"quoted\\', 'application/json, text/plain');
for my $type (@unread) {
    answer_is(call(POST => $TOKEN, body => '{"username":"x"}', type => $type), 415,
        detail("Unsupported media type \"$type\" in request."), "a body of the type $type is refused");
}
answer_is(call(POST => $TOKEN, body => '{}'), 415, detail('Unsupported media type "" in request.'),
    'a body without a type is refused');
answer_is(call(POST => $TOKEN, body => '{}', type => ''), 415, detail('Unsupported media type "" in request.'),
    'a body with an empty type is refused');
answer_is(call(POST => $TOKEN, body => '{}', type => "text/\xff\xfe"), 415, $DETAIL,
    'a body whose type is no text is refused');
all_answer(415, detail('Unsupported media type "text/plain" in request.'), 'text', body => 'x', type => 'text/plain');
all_answer(415, detail('Unsupported media type "text/plain" in request.'), 'text in chunks', chunks => ['x'],
    type => 'text/plain');

for my $coding (qw(gzip deflate br x-nonsense), 'identity, gzip') {
    my $answer = call(POST => $TOKEN, json => '{}', headers => ["Content-Encoding: $coding"]);
    answer_is($answer, 415, detail("Unsupported content encoding \"$coding\" in request."),
        "Content-Encoding: $coding is not read");
    is_deeply($answer->{head}{'accept-encoding'}, ['identity'],
        'the answer to a content coding says which one is accepted');
}
answer_is(call(POST => $TOKEN, json => '{}', headers => ["Content-Encoding: $_"]), 400,
    faults(username => 'required', password => 'required'),
        "Content-Encoding: $_ is as none") for qw(identity Identity);
answer_is(call(POST => $TOKEN, body => 'x', type => 'text/plain', headers => ['Content-Encoding: gzip']), 415,
    detail('Unsupported media type "text/plain" in request.'), 'of a wrong type and a wrong coding the type is told');
all_answer(415, detail('Unsupported content encoding "gzip" in request.'),
    'Content-Encoding in chunks', chunks => ['{}'],
    type => 'application/json', headers => ['Content-Encoding: gzip']);
all_answer(415, $DETAIL, 'Content-Encoding', json => "\x1f\x8b\x08\0", headers => ['Content-Encoding: gzip']);

# A file in place of a text; in an unknown field it does not matter, and an input without a chosen file is none.
{
    my $file = sub { qq(--x\r\nContent-Disposition: form-data; name="$_[0]"; filename="$_[1]"\r\n\r\nabc\r\n) };
    my $text = qq(--x\r\nContent-Disposition: form-data; name="email"\r\n\r\nl\@example.org\r\n--x--\r\n);
    my $send = sub { call(PATCH => $me->{path}, token => $me->{token}, body => $_[0] . $text,
        type => 'multipart/form-data; boundary=x') };
    answer_is($send->($file->($_, 'a.txt')), 400, faults($_ => 'string'), "a file as $_") for qw(first_name last_name);
    answer_is($send->($file->('photo', 'a.txt')), 200, profile_of($me, email => 'l@example.org'),
        'a file in an unknown field');
    answer_is($send->($file->('first_name', '')), 200, profile_of($me, email => 'l@example.org'),
        'a file field without a file is passed over');
    answer_is(call(POST => $TOKEN, body => $file->('password', 'p') . $text, type => 'multipart/form-data; boundary=x'),
        400, faults(username => 'required', password => 'string'), 'a file as a password');
    call(PATCH => $me->{path}, token => $me->{token}, json => '{"email":' . json_text($me->{email}) . '}');
}

my @bad_forms = (
    ['a form that is no UTF-8', 'username=%FF&password=x', 'application/x-www-form-urlencoded'],
    ['raw bytes that are no UTF-8', "username=\xe9&password=x", 'application/x-www-form-urlencoded'],
    ['a form with an over-long character', 'username=%C0%80&password=x', 'application/x-www-form-urlencoded'],
    ['bad bytes in a field name', '%ff=1', 'application/x-www-form-urlencoded'],
    ['a multipart form that is no UTF-8',
        "--x\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\n\xff\r\n--x--\r\n",
        'multipart/form-data; boundary=x'],
    ['multipart without a boundary', "--x\r\n\r\n\r\n--x--\r\n", 'multipart/form-data'],
    ['multipart with an empty boundary', "--\r\n", 'multipart/form-data; boundary='],
    ['multipart with a boundary that is too long', 'x', 'multipart/form-data; boundary=' . 'x' x 300],
);
answer_is(call(POST => $TOKEN, body => $_->[1], type => $_->[2]), 400, $DETAIL,
    "a form is refused: $_->[0]") for @bad_forms;
my @odd_forms = (
    ['no part', 'abc', 'multipart/form-data; boundary=x'], ['other boundary',
        "--y\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nx\r\n--y--\r\n",
        'multipart/form-data; boundary=x'], ['only an end', "--x--\r\n", 'multipart/form-data; boundary=x'],
    ['a part without a name', "--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--\r\n",
        'multipart/form-data; boundary=x'],
    ['a part without a header', "--x\r\n\r\nx\r\n--x--\r\n", 'multipart/form-data; boundary=x'],
        ['only signs', '&&=&', 'application/x-www-form-urlencoded'],
);
for my $row (@odd_forms) {
    my $answer = call(POST => $TOKEN, body => $row->[1], type => $row->[2]);
    my @known = ('400 ' . faults(@MISSING), '400 {"detail":');
    ok((grep { index("$answer->{status} $answer->{body}", $_) == 0 } @known), "a form without fields: $row->[0]")
        or diag("$answer->{status} $answer->{body}");
}
answer_is(call(POST => $TOKEN, form => 'username=%ZZ%&password=%4'), 400, faults(non_field_errors => 'login'),
    'percent signs that mean nothing are text');

# ---- size ----------------------------------------------------------------------------------------------------------

my $LIMIT = 65536;
my $TOO_LARGE = detail('Request body too large.');
my $fits = '{"x":"' . 'y' x ($LIMIT - 8) . '"}';
answer_is(call(POST => $TOKEN, json => $fits), 400, faults(@MISSING), 'a body as long as the limit is read');
answer_is(call(POST => $TOKEN, json => "$fits "), 413, $TOO_LARGE, 'a body of one byte more than the limit is refused');
answer_is(call(POST => $TOKEN, json => $fits x 100), 413, $TOO_LARGE, 'six megabytes are not');
answer_is(call(POST => $TOKEN, chunks => [($fits) x 2], type => 'application/json'), 413, $TOO_LARGE,
    'a chunked body of more than the limit is refused');
answer_is(call(POST => $TOKEN, form => 'x=' . 'y' x $LIMIT), 413, $TOO_LARGE,
    'a form of more than the limit is refused');
answer_is(call(POST => $TOKEN, headers => ['Content-Length: 9999999999', 'Content-Type: application/json']), 413,
    $TOO_LARGE,
    'ten gigabytes are refused before they come');
all_answer(413, $TOO_LARGE, 'too large', json => "$fits ");
answer_is(call(PATCH => $me->{path}, json => "$fits "), 401, detail('no_token'), 'a token is asked for first');
answer_is(call(PATCH => "${USERS}x/", token => $me->{token}, json => "$fits "), 404, detail('not_found'),
    'for an account that does not exist 404 comes before 413');
answer_is(call(GET => $me->{path}, token => $me->{token}), 200, profile_of($me),
    'no refused body has changed the account');

# ---- chunks --------------------------------------------------------------------------------------------------------

for my $size (1, 7, 1000) {
    my $body = '{"first_name":"Zoë","last_name":"' . 'é' x 100 . '"}';
    answer_is(call(PATCH => $me->{path}, token => $me->{token}, chunks => [unpack "(a$size)*", $body],
        type => 'application/json'), 200,
        profile_of($me, first_name => 'Zoë', last_name => 'é' x 100), "a body in chunks of $size");
}
answer_is(call(PATCH => $me->{path}, token => $me->{token}, chunks => ['first_na', 'me=&last_n', 'ame='],
    type => 'application/x-www-form-urlencoded'), 200,
    profile_of($me), 'a form in chunks');
answer_is(call(POST => $TOKEN, chunks => ['{"user'], type => 'application/json'), 400, $PARSE,
    'JSON cut off in chunks');

api_done();
