#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The list of accounts, for staff: GET /api/v1/users/.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(decode_base64url encode_base64url);
use Test::More;
use UmApi;
use UmCase;
use UmServer;

my $database = new_database();
my $server = UmServer->start($database, 'UserMgmtTrustedOrigin none', children => 1);
$UmApi::PORT = $server->{port};
my $sql = $database->{sql};

my $staff = register(username => 'zz.staff', first_name => "\x{5a}o\x{e9}" =~ s/\x{e9}/\xc3\xa9/r, email => 'zz@Staff.example');
my $person = register(username => 'Zz.Person', last_name => "M\xc3\x9cLLER");
$sql->("update um_users set is_staff = 1 where id = '$staff->{id}'");

# The list for a query; dies when it is none.
sub list {
    my ($query, %with) = @_;
    my $answer = call(GET => $USERS . (length $query ? "?$query" : ''), token => $staff->{token}, %with);
    die "$query: $answer->{status} $answer->{body}\n" unless $answer->{status} == 200;
    return json_of($answer);
}

sub names { return join ' ', map { $_->{username} } @{ $_[0]{results} } }
sub found { return names(list(@_)) }

# The query of a link.
sub query_of { return ($_[0] || '') =~ /\?(.*)\z/ ? $1 : undef }

# All pages by their links, as lists.
sub walk {
    my ($query, $way) = @_;
    my @pages;
    for (1 .. 100) {
        push @pages, list($query);
        $query = query_of($pages[-1]{ $way || 'next' });
        return @pages unless defined $query;
    }
    die "the pages do not end\n";
}

# Accounts a000 ... of which each has a second of its own.
my $COUNT = 130;
my @many = map { sprintf 'a%03d', $_ } 1 .. $COUNT;
$sql->('insert into um_users (id, username, username_key, email, email_key, first_name, first_name_key, password,'
    . ' version, created_at, updated_at, is_active, is_staff) values ' . join ',', map {
        my ($id, $mail) = (sprintf('01900000-0000-7000-8000-%012x', $_), sprintf('mail%03d@example.org', $_));
        "('$id', '$many[$_ - 1]', '$many[$_ - 1]', '$mail', '$mail', 'Anna', 'anna', 'x',"
            . " '$id', $_, $_, " . ($_ % 10 ? 1 : 0) . ', ' . ($_ % 50 ? 0 : 1) . ')';
    } 1 .. $COUNT);

case 'the list is for staff alone' => sub {
    answer_is(call(GET => $USERS), 401, detail('no_token'), 'without a token');
    answer_is(call(GET => $USERS, token => 'x'), 401, detail('bad_token'), 'with a bad token');
    my $denied = detail('You do not have permission to perform this action.');
    answer_is(call(GET => $USERS, token => $person->{token}), 403, $denied, 'with the token of an ordinary account');
    answer_is(call(GET => "$USERS?username=Zz.Person", token => $person->{token}), 403, $denied,
        'an ordinary account does not find itself');
    answer_is(call(HEAD => $USERS, token => $person->{token}), 403, '', 'HEAD is for staff, too');
    is(call(HEAD => $USERS, token => $staff->{token})->{status}, 200, 'staff may use HEAD');
    is(call(OPTIONS => $USERS)->{head}{allow}[0], 'GET, POST, HEAD, OPTIONS', 'Allow names GET and HEAD');
    is(call(POST => $USERS, json => '{}')->{status}, 400, 'registering needs no token');
    answer_is(call(PUT => $USERS, json => '{}'), 405, detail('Method "PUT" not allowed.'), 'other methods are 405');
    $sql->("update um_users set is_staff = 0 where id = '$staff->{id}'");
    answer_is(call(GET => $USERS, token => $staff->{token}), 403, $denied, 'who is no longer staff is refused at once');
    $sql->("update um_users set is_staff = 1 where id = '$staff->{id}'");
};

case 'a page has the members of the contract' => sub {
    my $page = list('page_size=2');
    is(join(' ', sort keys %$page), 'count count_is next previous results', 'members of the page');
    is("$page->{count} $page->{count_is}", ($COUNT + 2) . ' exact', 'the count is exact');
    is($page->{previous}, undef, 'the first page has no page before it');
    like($page->{next}, qr{\Ahttp://localhost(?::\d+)?/api/v1/users/\?page_size=2&cursor=[\w-]+\z}, 'the next page');
    my $answer = call(GET => "$USERS?username=zz.staff", token => $staff->{token});
    like($answer->{body}, qr/"results":\[\{"id":"$staff->{id}","username":"zz.staff","first_name":"Zo\xc3\xa9",
        "last_name":"","email":"zz\@staff.example","is_active":true,"is_staff":true,"email_verified":false,"groups":\[\],
        "created_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ","last_sign_in_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}\]/x,
        'an account as staff sees it');
    my ($one) = @{ list('username=a010')->{results} };
    is_deeply([@$one{qw(is_active is_staff last_sign_in_at created_at)}],
        [JSON::PP::false, JSON::PP::false, undef, '1970-01-01T00:00:10Z'], 'states and times of another account');
};

case 'orders, and pages in both directions' => sub {
    like(found('page_size=500'), qr/\A(?:Zz\.Person zz\.staff|zz\.staff Zz\.Person) \Q@{[reverse @many]}\E\z/,
        'the newest first');
    is(found('ordering=created_at&page_size=3'), 'a001 a002 a003', 'the oldest first');
    is(found('ordering=username&page_size=3'), 'a001 a002 a003', 'by user name');
    is(found('ordering=-username&page_size=3'), 'zz.staff Zz.Person a130', 'by user name, backwards, without case');
    is(found('ordering=email&page_size=3'), 'Zz.Person a001 a002', 'by address; none comes first');
    is(found('ordering=-email&page_size=2'), 'zz.staff a130', 'by address, backwards');
    for my $query (map { ("ordering=$_", "ordering=-$_") } qw(created_at username email)) {
        my $whole = names(list("$query&page_size=500"));
        my @pages = walk("$query&page_size=25");
        is(join(' ', map { names($_) } @pages), $whole, "$query: the pages together are the list");
        is(scalar @pages, 6, "$query: no page is empty");
        my @back = walk(query_of($pages[-1]{previous}), 'previous');
        is(join(' ', map { names($_) } reverse @back), join(' ', map { names($_) } @pages[0 .. 4]),
            "$query: the way back gives the same");
        is(names(list(query_of($back[-1]{next}))), names($pages[1]), "$query: and forth again");
    }
    is(scalar @{ list('')->{results} }, 50, 'a page has 50 accounts if nothing is said');
};

case 'a deleted account does not stop the pages' => sub {
    my $gone = register(username => 'b.gone');
    my $page = list('ordering=username&page_size=' . ($COUNT + 1));
    is($page->{results}[-1]{username}, 'b.gone', 'the page ends with an account');
    is(call(DELETE => $gone->{path}, token => $staff->{token})->{status}, 204, 'which is then deleted');
    is(names(list(query_of($page->{next}))), 'Zz.Person zz.staff', 'the next page begins behind it');
};

case 'filters' => sub {
    is(found('username=A001'), 'a001', 'a user name, without case');
    is(found('username=a00'), '', 'not a part of it');
    is(found('email=Mail007@EXAMPLE.org'), 'a007', 'an address, without case');
    is(found('email=mail007@example.orgg'), '', 'not a longer one');
    is(found('is_staff=true&ordering=username'), 'a050 a100 zz.staff', 'staff');
    is(found('is_staff=true&ordering=-created_at&page_size=9'), 'zz.staff a100 a050', 'staff, the newest first');
    is(found('is_staff=true&ordering=email'), 'a050 a100 zz.staff', 'staff, by address');
    is(found('is_active=false&ordering=created_at&page_size=3'), 'a010 a020 a030', 'inactive accounts');
    is(found('is_active=0&ordering=-username&page_size=2'), 'a130 a120', 'inactive accounts, by name, backwards');
    is(found('is_active=False&ordering=email&page_size=2'), 'a010 a020', 'inactive accounts, by address');
    is(found('is_active=false&is_staff=1&ordering=username'), 'a050 a100', 'both');
    is(list('is_active=true')->{count}, $COUNT + 2 - 13, 'the count of active accounts');
    is(list('is_staff=false')->{count}, $COUNT - 1, 'the count of those who are not staff');
    is(list('is_active=false')->{count}, 13, 'the count of inactive accounts');
    is(list('is_active=false&is_staff=false')->{count}, 11, 'the count of two filters');
    is(found('username=a001&is_active=false'), '', 'a filter of a name');
    is(found('username=a001&email=mail001@example.org'), 'a001', 'name and address');
    is(found('username=a001&email=mail002@example.org'), '', 'name and the address of another');
    is(found('username=&email=&search=&group=&is_active=&ordering=username&page_size=1'), 'a001',
        'an empty parameter is none');
    my @pages = walk('is_active=true&ordering=username&page_size=30');
    is(join(' ', map { names($_) } @pages), join(' ', (grep { /[1-9]\z/ } @many), 'Zz.Person', 'zz.staff'),
        'pages of a filter');
};

case 'search' => sub {
    is(found('search=zz'), 'Zz.Person zz.staff', 'the beginning of a name, without case');
    is(found('search=ZZ.P'), 'Zz.Person', 'in capitals');
    is(found('search=MAIL12'), join(' ', @many[119 .. 128]), 'the beginning of an address');
    is(found('search=ZZ@staff.EXAMPLE'), 'zz.staff', 'a whole address');
    is(found('search=m%C3%BCller'), 'Zz.Person', 'a last name, in small letters of another alphabet');
    is(found('search=Zo%C3%89'), 'zz.staff', 'a first name, in capitals');
    is(found('search=%EF%BC%BA%EF%BC%BA'), 'Zz.Person zz.staff', 'in full-width letters');
    my @pages = walk('search=a&page_size=40');
    is(join(' ', map { names($_) } @pages), join(' ', @many), 'an account that two fields find is given once');
    is("$pages[0]{count} $pages[0]{count_is}", "$COUNT exact", 'and counted once');
    is(join(' ', map { names($_) } reverse walk(query_of($pages[-1]{previous}), 'previous')),
        join(' ', @many[0 .. 119]), 'the way back');
    is(found('search=anna&is_staff=true'), 'a050 a100', 'a search with a filter');
    is(found('search=zz&username=a001'), '', 'a search and the name of another account');
    is(found('search=ann&username=a001'), 'a001', 'a search and a name');
    is(found('search=ann&email=mail001@example.org'), 'a001', 'a search and an address');
    is($_->[1] . found("search=$_->[0]"), $_->[1], "'$_->[0]' is no pattern") for map { [$_, ''] }
        '%25', '_', 'a%25', 'a_1', '*', 'a*', '.*', "'", '%27+or+1=1', 'a%27--', '%5C', '%5Ca', 'a00%3F', '(a)', '%C3%28',
        '%F4%8F%BF%BF', '%0A', '+';
    is(found('search=%%41'), '', 'a percent sign that is no escape stands for itself');
    my $renamed = register(username => 'c.person', first_name => 'Before');
    call(PATCH => $renamed->{path}, token => $renamed->{token}, json => '{"first_name":"\u00c4fter"}');
    is(found('search=before'), '', 'a changed name is not found any more');
    is(found('search=%C3%A4ft'), 'c.person', 'the new one is');
    call(DELETE => $renamed->{path}, token => $renamed->{token});
};

case 'names that an older version has stored get their keys at a start' => sub {
    $sql->('insert into um_users (id, username, username_key, first_name, last_name, password, version, created_at,'
        . " updated_at) values ('01900000-0000-7000-8000-00000000ffff', 'older', 'older', '\xc3\x89mile', 'Zola', 'x',"
        . " '01900000-0000-7000-8000-00000000ffff', 1, 1)");
    $server->graceful;
    await(20, sub { found('search=%C3%A9mile') eq 'older' });
    is(found('search=%C3%A9mile'), 'older', 'the first name');
    is(found('search=zola'), 'older', 'the last name');
    $sql->("delete from um_users where username = 'older'");
};

case 'groups' => sub {
    my $group = '01900000-0000-7000-8000-0000000000aa';
    $sql->("insert into um_groups (id, name, created_at) values ('$group', 'team', 1)");
    $sql->("insert into um_memberships (user_id, group_id) select id, '$group' from um_users where created_at % 3 = 1"
        . " and created_at <= $COUNT");
    my @team = grep { /(\d+)/ && $1 % 3 == 1 } @many;
    is(join(' ', map { names($_) } walk('group=team&page_size=10')), join(' ', @team), 'the members of a group');
    is(list('group=team')->{count}, scalar @team, 'their count');
    is(found('group=Team'), '', 'names of groups are compared as they are');
    is(found('group=nobody'), '', 'a group that is not there has no members');
    is(found('group=team&is_staff=true'), 'a100', 'with a filter');
    is(list('group=team&is_active=false')->{count}, 5, 'the count with a filter');
    is(found('group=team&username=a001'), 'a001', 'with a name');
    is(found('group=team&username=a002'), '', 'a name that is not in it');
    is(found('group=team&search=a00'), 'a001 a004 a007', 'with a search');
    is_deeply(list('username=a004')->{results}[0]{groups}, ['team'], 'an account tells its groups');
    my @pages = walk('group=team&page_size=10');
    is(join(' ', map { names($_) } reverse walk(query_of($pages[-1]{previous}), 'previous')),
        join(' ', @team[0 .. 39]), 'the way back');
};

case 'faults of parameters' => sub {
    my $get = sub { return call(GET => "$USERS?$_[0]", token => $staff->{token}) };
    my $choice = sub { return faults(ordering => "\"$_[0]\" is not a valid choice.") };
    answer_is($get->("ordering=$_"), 400, $choice->($_), "ordering=$_") for qw(password -password version --username - last_name
        email_key), 'username,email', 'username;drop';
    answer_is($get->("$_=maybe"), 400, faults($_ => 'Must be a valid boolean.'), "$_=maybe") for qw(is_active is_staff);
    answer_is($get->('is_active=2&ordering=x&is_staff=no'), 400, faults(is_active => 'Must be a valid boolean.',
        is_staff => 'Must be a valid boolean.', ordering => '"x" is not a valid choice.'), 'several faults');
    answer_is($get->("$_=a%00b"), 400, faults($_ => 'nul'), "$_ with a NUL") for qw(search username email group);
    is(scalar @{ list("page_size=$_")->{results} }, 50, "page_size=$_ is ignored") for qw(0 -1 x 1x), '', '%2B';
    is(scalar @{ list("page_size=$_")->{results} }, $COUNT + 2, "page_size=$_ is cut") for 1_000_000_000,
        '99999999999999999999';
    is(found('no_such=1&ordering=username&page_size=1'), 'a001', 'a parameter that nobody knows is ignored');
    my $answer = $get->('is_staff=maybe');
    like(call(GET => "$USERS?is_staff=maybe", token => $staff->{token}, headers => ['Accept: application/problem+json'])
        ->{body}, qr/"errors":\[\{"field":"is_staff","code":"invalid","detail":"Must be a valid boolean\."\}\]/,
        'as problem details');
};

case 'cursors' => sub {
    my $next = query_of(list('ordering=username&page_size=10')->{next});
    my ($cursor) = $next =~ /cursor=([\w-]+)/;
    my $bad = sub {
        local $Test::Builder::Level = $Test::Builder::Level + 1;
        return answer_is(call(GET => "$USERS?$_[0]", token => $staff->{token}), 404, detail('Invalid cursor'), $_[1]);
    };
    $bad->("ordering=-username&cursor=$cursor", 'the cursor of another order');
    $bad->("cursor=$cursor", 'the cursor without its order');
    $bad->("ordering=username&is_staff=true&cursor=$cursor", 'the cursor with another filter');
    $bad->("ordering=username&search=a&cursor=$cursor", 'the cursor with a search');
    $bad->("ordering=username&cursor=$_", "the cursor '$_'") for qw(x AAAA 01900000-0000-7000-8000-000000000001),
        "${cursor}A", substr($cursor, 1), lc $cursor, "$cursor=", 'A' x 5000;
    is(names(list("ordering=username&page_size=2&cursor=$cursor")), 'a011 a012', 'another size is no other list');
    answer_is(call(GET => "$USERS?$next", token => $person->{token}), 403,
        detail('You do not have permission to perform this action.'), 'a cursor gives nobody rights');
    # One byte changed, each in turn.
    my $bytes = decode_base64url($cursor);
    my $good = 0;
    for my $at (0 .. length($bytes) - 1) {
        my $other = $bytes;
        substr($other, $at, 1) ^= "\x01";
        my $answer = call(GET => "$USERS?ordering=username&cursor=" . encode_base64url($other), token => $staff->{token});
        $good += $answer->{status} != 404;
    }
    is($good, 0, 'a cursor with one bit changed is refused');
};

case 'few among many: a page that ends early goes on' => sub {
    my $other = new_database();
    my $large = UmServer->start($other, '', children => 1);
    local $UmApi::PORT = $large->{port};
    my $boss = register(username => 'boss');
    my $uuid = $other->{driver} eq 'pgsql' ? "cast('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0') as uuid)"
        : "printf('00000000-0000-7000-8000-%012x', i)";
    $other->{sql}->('insert into um_users (id, username, username_key, email, email_key, password, version, created_at,'
        . " updated_at, is_active) with recursive n(i) as (select 1 union all select i + 1 from n where i < 12500) select"
        . " $uuid, 'u' || i, 'u' || i, 'u' || i || '\@x.y', 'u' || i || '\@x.y', 'x', $uuid, i, i,"
        . ' case when i in (7, 12000) then 1 else 0 end from n');
    $other->{sql}->("update um_users set is_staff = 1 where username = 'boss'");
    local $staff->{token} = $boss->{token};
    my @pages = walk('is_active=true&ordering=created_at');
    is(join('|', map { names($_) } @pages), 'u7|u12000 boss', 'the pages give what they have found, and go on');
    is($pages[0]{count_is}, 'at_least', 'the count is not exact') if $other->{driver} eq 'sqlite3';
    my $page = list('search=u&page_size=1');
    is("$page->{count} $page->{count_is}", '10000 at_least', 'the count of a long range is a bound');
    $other->{sql}->('analyze');
    $page = list('page_size=1');
    if ($other->{driver} eq 'pgsql') {
        is($page->{count_is}, 'estimate', 'the count of all accounts is an estimate');
        cmp_ok(abs($page->{count} - 12501), '<', 300, 'which is near') or diag($page->{count});
    }
    else {
        is("$page->{count} $page->{count_is}", '10000 at_least', 'SQLite has no estimate');
    }
    is(list('is_active=false')->{count_is}, $other->{driver} eq 'pgsql' ? 'at_least' : 'at_least',
        'the count of one state, too');
};

is($server->crashes, '', 'no process of the server crashed');
api_done();
