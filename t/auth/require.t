#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Require by group, staff and claim, and the caller in httpd's expressions, for callers by token and by password.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use Test::More;
use UmApi;
use UmLocations;
use UmServer;

my $number = 0;
my (@rows, $lines);

# A Location with that rule, by token and by password. want: the statuses for nobody, alice, and bob (staff, in editors
# and büro).
sub rule {
    my ($want, $require, @more) = @_;
    $number++;
    push @rows, [$number, $want, $require];
    my @rules = ref $require ? @$require : "Require $require";
    $lines .= join "\n", "Alias /t$number/ \${pages}/files/", "<Location /t$number/>", 'AuthType Bearer',
        'AuthName t', @more, @rules, '</Location>', "Alias /p$number/ \${pages}/files/", "<Location /p$number/>",
        'AuthType Basic', 'AuthName p', 'AuthBasicProvider usermgmt', @more, @rules, '</Location>', '';
    return;
}

my $FORBID = 'AuthzSendForbiddenOnFailure On';
rule('401 401 200', 'usermgmt-group editors');
rule('401 401 200', 'usermgmt-group others editors more');
rule('401 401 200', 'usermgmt-group "büro"');
rule('401 401 401', 'usermgmt-group Editors editor editorss ed itors ,editors editors,büro');
rule('401 401 401', 'usermgmt-group ""');
rule('401 401 200', 'usermgmt-group %{env:WANTED}', 'SetEnvIf X-Wanted (.*) WANTED=$1',
    'SetEnvIf Host . WANTED=editors');
rule('401 401 401', 'usermgmt-group %{env:NOTHING}');
rule('401 401 200', 'usermgmt-staff');
rule('401 403 200', 'usermgmt-staff', $FORBID);
rule('401 200 401', ['<RequireAll>', 'Require valid-user', 'Require not usermgmt-group editors', '</RequireAll>']);
rule('401 200 200', ['<RequireAny>', 'Require usermgmt-staff', 'Require user alice', '</RequireAny>']);
rule('401 401 200', ['<RequireAll>', 'Require usermgmt-staff', 'Require usermgmt-group editors', '</RequireAll>']);
# An error must not count as "no", because "Require not" would turn it into "yes".
rule('401 500 500', ['<RequireAll>', 'Require valid-user', "Require not $_", '</RequireAll>'])
    for 'usermgmt-group %{file:/none/such}', 'usermgmt-group a %{file:/none/such} b';
rule('401 500 500', 'usermgmt-group %{file:/none/such}');
# Claims belong to a token: a caller by password has none.
my @CLAIM = (['401 200 200', 'iss:https://localhost'], ['401 200 200', 'x:y aud:https://localhost'],
    ['401 401 401', 'iss:localhost'], ['401 401 401', 'iss:https://localhos'], ['401 401 401', 'none:'],
    ['401 401 401', 'iat:0 exp:x jti: sid:* :x']);
my $first_claim = $number + 1;
rule($_->[0], "usermgmt-claim $_->[1]") for @CLAIM[0 .. 4];
my $last_claim = $number;
# httpd evaluates these before authentication: they look for the token themselves. Passwords are not verified yet.
my $first_expr = $number + 1;
rule('403 200 403', "expr \"%{USERMGMT_USERNAME} == 'alice'\"");
rule('403 403 200', "expr \"%{USERMGMT_STAFF} == '1'\"");
rule('403 403 200', "expr \"-T %{USERMGMT_STAFF}\"");
rule('403 403 200', "expr \"'editors' in usermgmt_groups('')\"");
rule('200 200 403', "expr \"! 'editors' in usermgmt_groups('')\"");
rule('403 200 200', "expr \"usermgmt_claim('iss') == 'https://localhost' && usermgmt_claim('none') == ''\"");
rule('403 200 403', "expr \"%{USERMGMT_EMAIL} == 'alice\@example.org' && %{USERMGMT_FIRST_NAME} == 'First' && "
    . "%{USERMGMT_LAST_NAME} == 'Last' && %{USERMGMT_GROUPS} == '' && %{USERMGMT_ID} =~ /^[0-9a-f-]{36}\$/\"");
rule('403 403 200', "expr \"%{USERMGMT_GROUPS} == 'büro,editors'\"");
my $last_expr = $number;
# With REMOTE_USER in the expression httpd authenticates first.
rule('401 401 200', "expr \"%{REMOTE_USER} != '' && %{USERMGMT_STAFF} == '1'\"");

my $site = locations($lines . <<'END');
Alias /shown ${pages}/files
Header set X-Who "expr=%{USERMGMT_USERNAME}"
<Location /back>
    RequestHeader set X-Name "expr=%{USERMGMT_USERNAME}/%{USERMGMT_GROUPS}"
    ProxyPass ${back}/
</Location>
RewriteEngine On
RewriteCond expr "%{USERMGMT_STAFF} == '1'"
RewriteRule ^/choose$ /shown/hello.txt [PT]
RewriteRule ^/choose$ - [F]
END
my $alice = enrol('alice');
my $bob = enrol('bob', groups => ['editors', 'büro'], staff => 1);

sub by_password {
    return ('headers', ['Authorization: Basic ' . encode_base64("$_[0]:" . good_password(), '')]);
}

for my $row (@rows) {
    my ($place, $want, $require) = @$row;
    my $name = ref $require ? join ' ', @$require : $require;
    is(join(' ', map { get("/t$place/hello.txt", token => $_)->{status} } undef, $alice->{token}, $bob->{token}), $want,
        "the rule decides for tokens: $name");
    next if $place >= $first_expr && $place <= $last_expr;
    $want = '401 401 401' if $place >= $first_claim && $place <= $last_claim;
    is(join(' ', get("/p$place/hello.txt")->{status},
        map { get("/p$place/hello.txt", by_password($_))->{status} } 'alice', 'bob'), $want,
        "the rule decides for passwords: $name");
}

is(get('/shown/hello.txt', @$_[1 .. $#$_])->{head}{'x-who'}[0], $_->[0], "an expression of Header answers $_->[0]")
    for ['alice', token => $alice->{token}], ['bob', token => $bob->{token}], [''], ['', token => 'x.y.z'];
is(told(get('/back', token => $bob->{token}))->{HTTP_X_NAME}, 'bob/büro,editors',
    'an expression of RequestHeader has name and groups');
is(told(get('/back'))->{HTTP_X_NAME}, '/', 'an expression of RequestHeader is empty without a token');
is(get('/choose', token => $bob->{token})->{body}, $HELLO, 'an expression of RewriteCond has the staff');
is(get('/choose', token => $_)->{status}, 403, 'RewriteCond: not staff') for $alice->{token}, 'x.y.z', undef;

# The cached caller is out of date after the delay.
$site->{database}{sql}->("delete from um_memberships where user_id = '$bob->{id}'");
ok(await(6, sub { get('/t1/hello.txt', token => $bob->{token})->{status} == 401 }),
    'an account that leaves a group is refused');

# ---- tokens that cannot be checked -----------------------------------------------------------------------------------

SKIP: {
    skip('SQLite does not go away', 1) if UmTest::database() ne 'pgsql';
    my $carol = enrol('carol', groups => ['editors']);
    my @places = grep { $rows[$_ - 1][2] =~ /'editors' in usermgmt_groups|USERMGMT_USERNAME/ } $first_expr .. $last_expr;
    is(get("/t$_/hello.txt", token => $carol->{token})->{status}, $rows[$_ - 1][2] =~ /"'ed/ ? 200 : 403,
        "$rows[$_ - 1][2]: before") for @places;
    UmTest::pg_ctl('stop', '-m', 'fast');
    for my $place (@places) {
        my $answer;
        await(15, sub { $answer = get("/t$place/hello.txt", token => $carol->{token}); $answer->{status} == 503 });
        is($answer->{status}, 503, "$rows[$place - 1][2]: a token that cannot be checked does not count as no token");
        is("@{ $answer->{head}{'retry-after'} || [] }", '2', "$rows[$place - 1][2]: the answer has Retry-After");
    }
    UmTest::pg_ctl('start');
    ok(await(15, sub { get("/t$places[0]/hello.txt", token => $alice->{token})->{status} == 200 }),
        'the page is served after the database is back');
}

# ---- rules that the start refuses ------------------------------------------------------------------------------------

for my $row (['usermgmt-group', 'needs the name of a group'], ['usermgmt-staff yes', 'takes no arguments'],
    ['usermgmt-claim', 'NAME:VALUE'], ['usermgmt-claim x', 'NAME:VALUE'], ['usermgmt-claim :x', 'NAME:VALUE'],
    ['usermgmt-claim a:b c', 'NAME:VALUE'], ['usermgmt-group %{nonsense', 'Cannot parse'],
    ["expr \"usermgmt_nothing('x')\"", 'usermgmt_nothing'], ['expr "%{USERMGMT_SECRET} == 1"', 'USERMGMT_SECRET']) {
    my ($require, $says) = @$row;
    my ($status, $output) = UmTest::httpd_t("<Location /x>\nRequire $require\n</Location>\n");
    ok($status && $output =~ /line \d+ of .*\Q$says\E/s, "Require $require is refused") or diag("$status: $output");
}
is($site->{server}->crashes, '', 'no process of the server crashed');

done_testing();
