#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SetHandler usermgmt-metrics: what is counted, over all processes, and how it is written.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmMetrics;
use UmServer;
use UmTest ();

my $is_pgsql = UmTest::database() eq 'pgsql';
my $database = new_database();
my $sql = $database->{sql};
my $templates = UmTest::sources() . '/conf/pages';
my $bare = free_port();
my $pages = UmTest::new_folder();
UmTest::spew("$pages/hello.txt", "hello\n");
my $server = UmServer->start($database, <<"END" . basic_location(), modules => [qw(auth_basic alias)], children => 3);
UserMgmtThrottle register address 2/h 3
UserMgmtPages On
UserMgmtPagesTemplates "$templates"
Alias /shut $pages
<Directory $pages>
    Require all granted
</Directory>
<Location "/metrics">
    SetHandler usermgmt-metrics
</Location>
<Location "/closed">
    SetHandler usermgmt-metrics
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
END
$UmApi::PORT = $server->{port};

sub ask { return call($_[0] => $_[1], any => 1, @_[2 .. $#_]) }

sub metrics {
    my $read = read_metrics(ask(GET => '/metrics')->{body});
    is(join("\n", @{ $read->{faults} }), '', 'the metrics can be read') if @{ $read->{faults} };
    return $read->{samples};
}

# ---- the text --------------------------------------------------------------------------------------------------------

my $plain = ask(GET => '/metrics');
is($plain->{head}{'content-type'}[0], 'text/plain; version=0.0.4; charset=utf-8', 'Prometheus\' format');
is($plain->{head}{'cache-control'}[0], 'no-store', 'nobody stores it');
my $read = read_metrics($plain->{body});
is(join("\n", @{ $read->{faults} }), '', 'all of it follows the format');
my $open = ask(GET => '/metrics', headers =>
    ['Accept: application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.4']);
is($open->{head}{'content-type'}[0], 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    'OpenMetrics, if the client wants it');
my $other = read_metrics($open->{body}, openmetrics => 1);
is(join("\n", @{ $other->{faults} }), '', 'all of that follows its format');
is(join(' ', sort keys %{ $other->{families} }), join(' ', sort keys %{ $read->{families} }),
    'both have the same families');

my $docs = UmTest::slurp(UmTest::sources() . '/docs/operations.md');
my %documented = $docs =~ /^\| `(usermgmt_\w+)`[^|]*\| (\w+) /mg;
is(join("\n", map { "$_ $documented{$_}" } sort keys %documented),
    join("\n", map { "$_ $read->{families}{$_}{type}" } sort keys %{ $read->{families} }),
    'docs/operations.md has a row for each family, and no other');

is(ask(GET => '/closed')->{status}, 403, 'Require decides who may read');
is(ask(POST => '/metrics')->{status}, 405, 'POST is not allowed');
is(ask(GET => '/metrics', port => $bare)->{status}, 503, 'a host without keys has no metrics');

# ---- what is counted -------------------------------------------------------------------------------------------------

my ($before, $after);

# How much a sample has grown by what was done. A request is counted when it ends, which may be just after its answer.
sub grows {
    my ($what, $do, %by) = @_;
    $before = metrics();
    $do->();
    my $grown = sub { return ($after->{$_[0]} || 0) - ($before->{$_[0]} || 0) };
    await(5, sub { $after = metrics(); !grep { $grown->($_) < $by{$_} } keys %by });
    is($grown->($_), $by{$_}, "$what: $_") for sort keys %by;
    return;
}

my $PASSWORD = good_password();
my $register = sub { ask(POST => '/api/v1/users/', json => qq({"username":"$_[0]","password":"$PASSWORD",)
    . qq("email":"$_[0]\@example.org"})) };
my $sign_in = sub { ask(POST => '/api-token-auth/', json => qq({"username":"$_[0]","password":"$_[1]"})) };
my $token;
my $route = sub { qq(usermgmt_requests_total{route="$_[0]",method="$_[1]",class="$_[2]"}) };

grows('a registration', sub { is($register->('alice')->{status}, 201, 'alice registers') },
    $route->('/api/v1/users/', 'POST', '2xx') => 1, $route->('/api/v1/users/', 'POST', '4xx') => 0,
    'usermgmt_events_total{event="registered",outcome="ok"}' => 1,
    'usermgmt_request_duration_seconds_count{kind="api"}' => 1, 'usermgmt_hash_wait_seconds_count' => 1);
grows('sign-ins', sub {
    $token = json_of($sign_in->('alice', $PASSWORD))->{token};
    $sign_in->('alice', "wrong$_") for 1 .. 2;
    $sign_in->('nobody', 'wrong-password');
}, $route->('/api-token-auth/', 'POST', '2xx') => 1, $route->('/api-token-auth/', 'POST', '4xx') => 3,
    'usermgmt_sign_ins_total{outcome="ok"}' => 1, 'usermgmt_sign_ins_total{outcome="wrong_password"}' => 2,
    'usermgmt_sign_ins_total{outcome="unknown_name"}' => 1,
    'usermgmt_request_duration_seconds_count{kind="sign_in"}' => 4,
    'usermgmt_request_duration_seconds_count{kind="api"}' => 0);
cmp_ok($after->{'usermgmt_request_duration_seconds_sum{kind="sign_in"}'}, '>',
    $before->{'usermgmt_request_duration_seconds_sum{kind="sign_in"}'}, 'a sign-in takes time');
$sql->("update um_users set is_active = 0 where username = 'alice'");
grows('an account that is off', sub { $sign_in->('alice', $PASSWORD) },
    'usermgmt_sign_ins_total{outcome="inactive"}' => 1);
$sql->("update um_users set is_active = 1 where username = 'alice'");
grows('a protected Location', sub {
    is(ask(GET => '/shut/hello.txt', token => $token)->{body}, "hello\n", 'a token opens it') for 1 .. 5;
    ask(GET => '/shut/hello.txt', token => 'abc');
    ask(GET => '/shut/hello.txt');
}, $route->('place', 'any', '2xx') => 5, $route->('place', 'any', '4xx') => 2,
    'usermgmt_request_duration_seconds_count{kind="place"}' => 7);
my $looked = sub { my ($metrics) = @_;
    return map { $metrics->{qq(usermgmt_caller_cache_lookups_total{kind="token",result="$_"})} } qw(hit miss) };
my ($hits, $misses) = $looked->(metrics());
cmp_ok($hits, '>=', 1, 'the cache knows the token');
is($hits + $misses, 5, 'or the database was asked');
grows('a password at a Location', sub {
    ask(GET => '/basic/', headers => ['Authorization: Basic bm9ib2R5Ondyb25n']);
}, $route->('basic', 'any', '4xx') => 1, 'usermgmt_sign_ins_total{outcome="unknown_name"}' => 1);
grows('a page', sub { ask(GET => '/account/sign-in/'); ask(GET => '/account/nothing/') },
    $route->('page sign_in', 'any', '2xx') => 1, $route->('other', 'any', '4xx') => 1,
    'usermgmt_request_duration_seconds_count{kind="page"}' => 2);
grows('paths and methods of strangers', sub {
    ask(GET => "/api/v1/users/x$_/../\"y\"/$_/") for 1 .. 5;
    ask(BREW => '/api/v1/users/');
}, $route->('other', 'any', '4xx') => 6);
is(scalar(grep { /x1|BREW/ } keys %$after), 0, 'their texts are no labels');
my $calls = $after->{usermgmt_database_call_duration_seconds_count};
grows('the database', sub { ask(GET => '/api/v1/users/me/', token => $token) },
    usermgmt_database_failures_total => 0, $route->('/api/v1/users/{id}/', 'GET', '2xx') => 1);
cmp_ok($after->{usermgmt_database_call_duration_seconds_count}, '>', $calls, 'its calls are counted');
is($after->{$_}, 0, "nothing is left in use: $_") for qw(usermgmt_hash_running usermgmt_hash_waiting
    usermgmt_database_connections_in_use usermgmt_database_connections_waiting);
like(join(' ', grep { /key_age/ } keys %$after), qr/\Ausermgmt_key_age_seconds\{kid="[\w-]+",use="sign"\}\z/,
    'the key has an age');
is($after->{usermgmt_database_up}, 1, 'the database is up');

# ---- what there is now: it is read again after some seconds ------------------------------------------------------------

# PostgreSQL's estimates are of its statistics, which are otherwise some seconds late.
$sql->('analyze') if UmTest::database() eq 'pgsql';
$sql->('insert into um_mail (id, kind, state, due_at, address, created_at, site)'
    . " values ('00000000-0000-7000-8000-000000000001', 'reset', 0, " . (time - 100) . ", 'x\@example.org', "
    . (time - 300) . ", 'another')");
ok(await(60, sub { $after = metrics(); ($after->{'usermgmt_mails{state="waiting"}'} || 0) == 1 }), 'a mail waits');
cmp_ok($after->{usermgmt_mail_oldest_seconds}, '>=', 300, 'its age');
cmp_ok($after->{usermgmt_mail_overdue_seconds}, '>=', 100, 'since when it is due');
cmp_ok($after->{usermgmt_mail_overdue_seconds}, '<', 300, 'which is later');
cmp_ok($after->{usermgmt_accounts}, '>=', 1, 'accounts');
cmp_ok($after->{usermgmt_sessions}, '>=', 1, 'sessions');
my $asked = metrics()->{usermgmt_database_call_duration_seconds_count};
metrics() for 1 .. 30;
cmp_ok(metrics()->{usermgmt_database_call_duration_seconds_count} - $asked, '<', 20,
    'reading them often does not ask the database often');

# ---- processes come and go -------------------------------------------------------------------------------------------

my $signed = $route->('/api-token-auth/', 'POST', '4xx');
my $count = metrics()->{$signed};
kill KILL => $_ for $server->children;
ok(await(20, sub { my $now = eval { metrics() } or return 0; ($now->{$signed} || 0) == $count }),
    'what killed processes have counted stays');
ok($server->graceful, 'the server restarts');
is(metrics()->{$signed}, $count, 'a graceful restart keeps it, too');
$sign_in->('nobody', 'wrong-password');
ok(await(5, sub { metrics()->{$signed} == $count + 1 }), 'and it goes on from there');

done_testing();
