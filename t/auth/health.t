#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SetHandler usermgmt-health, which says what is wrong, and the id of a request, which answers and logs share.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use MIME::Base64 ();
use Test::More;
use UmApi;
use UmServer;
use UmTest ();

my $is_pgsql = UmTest::database() eq 'pgsql';
my $file = UmTest::new_folder() . '/accounts.db';
my $database = $is_pgsql ? new_database() : { driver => 'sqlite3', params => $file,
    sql => sub { return UmTest::sql($_[0], $file) } };
my $sql = $database->{sql};
my ($bare, $mails, $quiet) = (free_port(), free_port(), free_port());
my $templates = UmTest::sources() . '/conf/pages';
my $site = UmTest::new_folder();
UmTest::spew("$site/index.txt", "the index\n");
my $server = UmServer->start($database, <<"END" . basic_location(), modules => [qw(auth_basic alias dir log_config)]);
ErrorLogFormat "{%L} %M"
UserMgmtAuditLog \${folder}/logs/audit
UserMgmtPages On
UserMgmtPagesTemplates "$templates"
UserMgmtCORS https://app.example.org
<Location "/health">
    SetHandler usermgmt-health
</Location>
<Location "/closed">
    SetHandler usermgmt-health
    Require all denied
</Location>
<Location "/shut">
    AuthType Bearer
    AuthName here
    Require valid-user
</Location>
Listen 127.0.0.1:$bare
<VirtualHost 127.0.0.1:$bare>
    UserMgmtSigningKey none
</VirtualHost>
Listen 127.0.0.1:$mails
<VirtualHost 127.0.0.1:$mails>
    UserMgmtHealthMailAge 10m
</VirtualHost>
Listen 127.0.0.1:$quiet
<VirtualHost 127.0.0.1:$quiet>
    LogLevel crit
    CustomLog \${folder}/logs/access %L
    DocumentRoot $site
    DirectoryIndex index.txt
    <Directory $site>
        Require all granted
    </Directory>
    <Files "index.txt">
        AuthType Basic
        AuthName here
        AuthBasicProvider usermgmt
        Require valid-user
    </Files>
</VirtualHost>
END
$UmApi::PORT = $server->{port};

sub ask { return call($_[0] => $_[1], any => 1, @_[2 .. $#_]) }

# ---- health ----------------------------------------------------------------------------------------------------------

# The answer as one line: status, then what is not ok.
sub seen {
    my ($path, $port) = @_;
    my $answer = ask(GET => $path, port => $port || $server->{port});
    my $json = eval { JSON::PP->new->decode($answer->{body}) } or return "$answer->{status} $answer->{body}";
    my $checks = $json->{checks} || {};
    return join ' ', $answer->{status}, $json->{status}, map { $checks->{$_} eq 'ok' ? () : "$_:$checks->{$_}" }
        sort keys %$checks;
}

my $well = ask(GET => '/health/ready');
is($well->{body}, qq({"status":"ok","checks":{"database":"ok","schema":"ok","key":"ok","mail":"not checked"}}\n),
    'the answer is a small JSON');
is(join('|', $well->{status}, map { $well->{head}{$_}[0] } qw(content-type cache-control)),
    '200|application/json|no-store', 'that nobody stores');
is(ask(GET => '/health/live')->{body}, qq({"status":"ok"}\n), 'the path of liveness has no checks');
is(seen('/health'), '200 ok mail:not checked', 'any other path is that of readiness');
is(ask(HEAD => '/health/ready')->{body}, '', 'HEAD has no body');
my $refused = ask(POST => '/health/ready');
like("$refused->{status} @{ $refused->{head}{allow} || [] }", qr/\A405 (?=.*\bGET\b)(?=.*\bHEAD\b)(?!.*POST)/,
    'POST is not allowed');
is(ask(GET => '/closed/live')->{status}, 403, 'Require decides who may ask');
is(seen('/health', $bare), '503 failed database:not checked key:failed mail:not checked schema:not checked',
    'a host without keys cannot serve');

my $last = $sql->('select max(step) from um_schema');
my $name = $sql->("select name from um_schema where step = $last");
$sql->("update um_schema set step = 900 where step = $last");
is(seen('/health'), '503 failed mail:not checked schema:failed', 'a step of the schema is missing');
$sql->("update um_schema set step = $last where step = 900");
is(seen('/health'), '200 ok mail:not checked', 'it is there again');

is(seen('/health', $mails), '200 ok', 'no mail waits');
my $put = sub {
    my ($id, $due) = @_;
    $sql->('insert into um_mail (id, kind, state, due_at, address, created_at, site)'
        . " values ('$id', 'reset', 0, $due, 'x\@example.org', $due, 'another')");
};
$put->('00000000-0000-7000-8000-000000000001', time - 500);
is(seen('/health', $mails), '200 ok', 'a mail that is overdue for less than the limit');
$put->('00000000-0000-7000-8000-000000000002', time - 700);
is(seen('/health', $mails), '503 failed mail:failed', 'a mail that is overdue for longer');
is(seen('/health'), '200 ok mail:not checked', 'elsewhere mail is not checked');
$sql->('delete from um_mail');
is(seen('/health', $mails), '200 ok', 'it is gone');

# ---- request ids -----------------------------------------------------------------------------------------------------

sub id_of { return $_[0]{head}{'x-request-id'} ? "@{ $_[0]{head}{'x-request-id'} }" : '' }

my $FORM = qr{\A[A-Za-z0-9+/\@=_-]{8,}\z};
my @preflight = ('Origin: https://app.example.org', 'Access-Control-Request-Method: GET');
my %asked = (
    'an answer of the API' => [GET => '/api/v1/users/me/'],
    'an unknown path of the API' => [GET => '/api/v1/nothing/'],
    'a page' => [GET => '/account/sign-in/'],
    'a page that does not exist' => [GET => '/account/nothing/'],
    'the style of the pages' => [GET => '/account/style.css'],
    'a preflight of the API' => [OPTIONS => '/api/v1/users/me/', headers => \@preflight],
    'a preflight of a Location' => [OPTIONS => '/shut', headers => \@preflight],
    'a refusal at a Location without a password' => [GET => '/basic/'],
    'a refusal at a Location without a token' => [GET => '/shut'],
    'a refusal at a Location with a bad token' => [GET => '/shut', token => 'abc'],
    'a refusal at a Location with a bad password' =>
        [GET => '/basic/', headers => ['Authorization: Basic bm9ib2R5Ondyb25n']],
    'an answer of the health page' => [GET => '/health/live'],
);
my %ids;
for my $what (sort keys %asked) {
    my ($method, $path, %with) = @{ $asked{$what} };
    my @ids = map { id_of(ask($method => $path, %with, headers => [@{ $with{headers} || [] }, $_])) }
        'X-Request-Id: mine', 'X-Nothing: x';
    like($_, $FORM, "$what has an id") for @ids;
    $ids{$_}++ for @ids;
}
is(join(' ', grep { $ids{$_} > 1 } sort keys %ids), '', 'each request has one of its own');
ok(!$ids{mine}, 'the client cannot choose it');

sub found_in_logs {
    my ($server, $answer) = @_;
    my $id = id_of($answer);
    my @lines = grep { /\bUM320: / } split /\n/, $server->log;
    my ($audited) = reverse split /\n/, UmTest::slurp("$server->{folder}/logs/audit");
    return (scalar(grep { index($_, "{$id}") == 0 } @lines), JSON::PP->new->decode($audited)->{request_id} eq $id);
}

my $WRONG = '{"username":"nobody","password":"wrong-password"}';
is_deeply([found_in_logs($server, ask(POST => '/api-token-auth/', json => $WRONG))], [1, 1],
    'httpd\'s log and the audit log have the id of the answer');
is_deeply([found_in_logs($server, ask(@{ $asked{'a refusal at a Location with a bad password'} }))], [1, 1],
    'and that of a refused password');
my $known = register();
my $password = MIME::Base64::encode_base64("$known->{username}:$known->{password}", '');
is(ask(GET => '/', port => $quiet, headers => ["Authorization: Basic $password"])->{body}, "the index\n",
    'a password is asked for by the request of DirectoryIndex');
my ($audited) = reverse split /\n/, UmTest::slurp("$server->{folder}/logs/audit");
await(20, sub { -s "$server->{folder}/logs/access" });
is(UmTest::slurp("$server->{folder}/logs/access"), JSON::PP->new->decode($audited)->{request_id} . "\n",
    'the access log has the id of the audit log');

# ---- without a database ------------------------------------------------------------------------------------------------

my @away = $is_pgsql ? (sub { UmTest::pg_ctl('stop', '-m', 'fast') }, sub { UmTest::pg_ctl('start') })
    : (sub { rename $file, "$file.away" or die "$file: $!\n" }, sub { rename "$file.away", $file or die "$file: $!\n" });
$away[0]->();
ok(await(20, sub { seen('/health') eq '503 failed database:failed mail:not checked schema:not checked' }),
    'the database is away') or diag(seen('/health'));
is(seen('/health/live'), '200 ok', 'the server lives');
$away[1]->();
ok(await(20, sub { seen('/health') eq '200 ok mail:not checked' }), 'it is back') or diag(seen('/health'));

my $log = $server->log;
like($log, qr/UM306: not ready: $_/, "the log says why: $_") for qr/schema: the database lacks the step \Q$name\E/,
    qr/mail: a mail is overdue for \d{3} seconds/, qr/key: this host has no keys or no database/;

is($server->crashes, '', 'no process of the server crashed');
$server->stop;

# With mod_unique_id it is that module's.
$server = UmServer->start($database, <<'END', modules => [qw(unique_id headers)]);
ErrorLogFormat "{%L} %M"
UserMgmtAuditLog ${folder}/logs/audit
Header always set X-Unique-Id "%{UNIQUE_ID}e"
END
$UmApi::PORT = $server->{port};
my $answer = ask(POST => '/api-token-auth/', json => $WRONG);
like(id_of($answer), $FORM, 'with mod_unique_id, answers have an id');
is(id_of($answer), $answer->{head}{'x-unique-id'}[0], 'it is UNIQUE_ID');
is_deeply([found_in_logs($server, $answer)], [1, 1], 'and the logs have the same');
is($server->crashes, '', 'no process of that server crashed');

done_testing();
