#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# When two e-mail addresses are one: when mail for both goes to one mailbox, and only then.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmMail;
use UmServer;

my ($BOOKS, $STREET, $STRASSE) = ('bücher.example', 'straße-x.example', 'strasse-x.example');
my ($BOOKS_A, $STREET_A) = ('xn--bcher-kva.example', 'xn--strae-x-3va.example');
my $BAD = faults(email => 'email');
my $TAKEN = faults(email => 'A user with that email address already exists.');

sub registration {
    my ($email) = @_;
    return json => sprintf '{"username":"%s","password":"%s","email":"%s"}', new_name(), good_password(), $email;
}

# ---- rows of before ------------------------------------------------------------------------------------------------

# Addresses with the keys that earlier versions gave them: name => [address, key, claim, verified].
my %old = (
    books => ["a\@$BOOKS", "a\@$BOOKS", "a\@$BOOKS", 1], street => ["ceo\@$STREET", "ceo\@$STRASSE", undef, 1],
    sigma => ['s@οδός.example', 's@οδόσ.example', undef, 1], wide => ['f@ｅｘ.example', 'f@ex.example', undef, 1],
    refused => ['r@١٢.example', 'r@١٢.example', undef, 1], plain => ["p\@$STRASSE", "p\@$STRASSE", undef, 1],
    alabel => ["b\@$BOOKS_A", "b\@$BOOKS_A", "b\@$BOOKS_A", 1], double => ["b\@$BOOKS", "b\@$BOOKS", "b\@$BOOKS", 1],
    local => ["x.xn--\@$STREET", "x.xn--\@$STRASSE", "x.xn--\@$STRASSE", 0],
);
my %new = (
    books => "a\@$BOOKS|a\@$BOOKS_A|a\@$BOOKS_A|1", street => "ceo\@$STREET|ceo\@$STREET_A||0",
    sigma => 's@οδός.example|s@xn--pxavk3b.example||0', wide => 'f@ex.example|f@ex.example||1',
    refused => 'r@١٢.example|r@?١٢.example||0', plain => "p\@$STRASSE|p\@$STRASSE||1",
    alabel => "b\@$BOOKS_A|b\@$BOOKS_A|b\@$BOOKS_A|1", double => "b\@$BOOKS|b\@$BOOKS_A||1",
    local => "x.xn--\@$STREET|x.xn--\@$STREET_A|x.xn--\@$STREET_A|0",
);

sub fill {
    my ($database) = @_;
    my $number = 0;
    for my $name (sort keys %old) {
        my ($email, $key, $claim, $verified) = @{ $old{$name} };
        my $id = sprintf '00000000-0000-7000-8000-%012d', ++$number;
        $claim = defined $claim ? "'$claim'" : 'null';
        $database->{sql}->('insert into um_users (id, username, username_key, email, email_key, email_claim, password,'
            . " version, email_verified, created_at, updated_at) values ('$id', '$name', '$name', '$email', '$key',"
            . " $claim, 'x', '$id', $verified, 1, 1)");
    }
    my @many = add_accounts($database, 250, 'many');
    $database->{sql}->("update um_users set email = username || '\@$STREET', email_key = username || '\@$STRASSE'"
        . " where username like 'many%'");
    return;
}

sub rows_are {
    my ($database, $what) = @_;
    for my $name (sort keys %new) {
        is($database->{sql}->('select email, email_key, email_claim, email_verified from um_users'
            . " where username = '$name'"), $new{$name}, "$what: $old{$name}[0]");
    }
    is($database->{sql}->("select count(*) from um_users where username like 'many%' and email_key = username ||"
        . " '\@$STREET_A'"), 250, "$what: all of many");
    return;
}

my $database = new_database();
{
    my $other = new_database();
    fill($other);
    my ($status, $output) = UmTest::run(UmTest::cli(), '--driver', $other->{driver}, '--params', $other->{params},
        qw(schema upgrade));
    is($status, 0, 'schema upgrade') or diag($output);
    rows_are($other, 'upgraded');
}
fill($database);
my $folder = UmTest::new_folder();
my $server = UmServer->start($database, <<"END", children => 1);
UserMgmtMail file:$folder
UserMgmtEmailVerification on
UserMgmtVerifyURL "https://front.test.example/verify/{token}"
END
$UmApi::PORT = $server->{port};
is(call(GET => "${USERS}x/")->{status}, 401, 'a server answers');
rows_are($database, 'at its start');
$database->{sql}->('delete from um_users');

# ---- one mailbox or two --------------------------------------------------------------------------------------------

sub verified {
    my ($account) = @_;
    return $database->{sql}->("select email_verified from um_users where id = '$account->{id}'");
}

# Changes a verified address; whether the new one is verified.
sub moved {
    my ($from, $to, $status) = @_;
    my $me = register(email => $from);
    $database->{sql}->("update um_users set email_verified = 1 where id = '$me->{id}'");
    is(call(PATCH => $me->{path}, token => $me->{token}, json => qq({"email":"$to"}))->{status}, 200, "$from to $to");
    return verified($me);
}

is(moved("ceo\@$STRASSE", "ceo\@$STREET"), 0, 'ss in the place of ß makes another address, which is not verified');
is(moved("ceo\@$STREET", "ceo\@$STRASSE"), 0, 'ß in the place of ss makes another address, which is not verified');
is(moved('s@οδόσ.example', 's@οδός.example'), 0,
        'the final sigma in the place of the other one makes another address');
is(moved("a\@$BOOKS", "A\@$BOOKS_A"), 1, 'the A-label of the domain is the same address');
is(moved("a\@$BOOKS_A", "a\@Bücher.Example"), 1, 'the domain in capital letters is the same address');

# A reset is asked for in another spelling, and the mail goes to the address as the account has it.
for my $row (["e1\@$BOOKS", "E1\@$BOOKS_A", "e1\@$BOOKS_A"], ["e2\@$BOOKS_A", "e2\@BÜCHER.example", "e2\@$BOOKS_A"],
    ["e3\@$STREET", "e3\@$STREET_A", "e3\@$STREET_A"], ["e4\@$STREET", "e4\@STRAẞE-X.example", "e4\@$STREET_A"]) {
    my ($has, $asked, $goes) = @$row;
    register(email => $has);
    settle(sql => $database->{sql});
    my $before = () = mails_in($folder);
    answer_is(ask_reset($asked), 200, $FINE, "$has: a reset is asked for $asked");
    settle(sql => $database->{sql});
    my @mails = mails_in($folder);
    is(@mails - $before, 1, 'one mail comes');
    is($mails[-1]{to}, $goes, 'the mail goes to the address of the account');
}
for my $row (["n1\@$STREET", "n1\@$STRASSE"], ["n2\@$STRASSE", "n2\@$STREET"]) {
    my ($has, $asked) = @$row;
    register(email => $has);
    settle(sql => $database->{sql});
    my $before = () = mails_in($folder);
    ask_reset($asked);
    settle(sql => $database->{sql});
    is(scalar(() = mails_in($folder)), $before, "$has: a reset for $asked is for nobody");
}

# ---- domains that are none -----------------------------------------------------------------------------------------

{
    my $me = register(email => 'me@example.org');
    for my $domain ('١٢.example', 'xn--a.example', 'xn--yp8h.example', 'ab--cü.example', "xn--.$BOOKS") {
        answer_is(call(POST => $USERS, registration("a\@$domain")), 400, $BAD, "registration: $domain");
        answer_is(call($_ => $me->{path}, token => $me->{token}, json => qq({"email":"a\@$domain"})), 400, $BAD,
            "$_: $domain") for qw(PATCH PUT);
    }
    is(verified($me) . $database->{sql}->("select email from um_users where id = '$me->{id}'"), '0me@example.org',
        'a refused address changes nothing');
}

# ---- where an address belongs to one account -----------------------------------------------------------------------

{
    my $unique = UmServer->start($database, 'UserMgmtUniqueEmail On', children => 1);
    local $UmApi::PORT = $unique->{port};
    answer_is(call(POST => $USERS, registration("u1\@$STRASSE")), 201, qr/.*/,
        'an address with an international domain is registered');
    answer_is(call(POST => $USERS, registration("u1\@$STREET")), 201, qr/.*/, 'the one with the sharp s is another');
    answer_is(call(POST => $USERS, registration("u1\@$STREET_A")), 400, $TAKEN,
        'the same address with its A-label is taken');
    answer_is(call(POST => $USERS, registration("u1\@Straße-X.example")), 400, $TAKEN,
        'the same address in capital letters is taken');
    my $me = register(email => "u2\@$BOOKS_A");
    answer_is(call(POST => $USERS, registration("u2\@$BOOKS")), 400, $TAKEN, 'the A-label was first');
    answer_is(call(PATCH => $me->{path}, token => $me->{token}, json => qq({"email":"u2\@$BOOKS"})), 200, qr/.*/,
        'the owner of an address may spell it otherwise');
    answer_is(call(PATCH => $me->{path}, token => $me->{token}, json => qq({"email":"u1\@$STREET_A"})), 400, $TAKEN,
        'nobody can take the address of another account in another spelling');
    is($unique->crashes, '', 'no process of the server crashed');
}

is($server->crashes, '', 'no process of the server crashed');
api_done();
