#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The description of the API: served where UserMgmtOpenAPI is On, as the host offers the API; and without a complaint of
# two public linters.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;
use UmApi;
use UmNode;
use UmServer;

my $PATH = '/api/openapi.yaml';
my $FILE = UmTest::sources() . '/docs/openapi.yaml';
my ($PYTHON, $READER) = ('/usr/bin/python3', UmTest::sources() . '/t/lib/openapi.py');

my ($rich_port, $plain_port) = map { free_port() } 1, 2;

sub host {
    my ($port, $lines) = @_;
    return "Listen 127.0.0.1:$port\n<VirtualHost 127.0.0.1:$port>\nUserMgmt On\n$lines\n</VirtualHost>\n";
}

my $pages = UmTest::new_folder();
mkdir "$pages/api";
UmTest::spew("$pages/api/openapi.yaml", "the site's own\n");
my $clients = UmTest::new_folder() . '/clients';
UmTest::spew($clients, '');
chmod 0600, $clients;
my $mails = UmTest::new_folder();
my $rich = host($rich_port, <<"END");
UserMgmtOpenAPI On
UserMgmtSiteName "Trees: old & # tall"
UserMgmtIssuer https://id.example.org:8443/accounts
UserMgmtEmailVerification on
UserMgmtMail file:$mails
UserMgmtClientToken $clients
UserMgmtProfile phone text max=20
UserMgmtProfile rings integer required
UserMgmtProfile tall boolean required
UserMgmtProfile planted date
END
my $plain = host($plain_port, <<'END');
UserMgmtOpenAPI On
UserMgmtIssuer urn:example:site
UserMgmtSessionIdle 0
END
# The main server has no UserMgmtOpenAPI.
my $server = UmServer->start(new_database(), <<"END", children => 1);
DocumentRoot $pages
<Directory $pages>
    Require all granted
</Directory>
$rich$plain
END

sub fetch {
    my ($port, $method, %with) = @_;
    return call($method || 'GET', $PATH, any => 1, port => $port, %with);
}

# The document as Perl has it, read by a YAML reader of others.
sub tree_of {
    my ($answer) = @_;
    my $file = UmTest::new_folder() . '/openapi.yaml';
    UmTest::spew($file, $answer->{body});
    my $text = UmTest::output_of($PYTHON, '-c', 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))',
        $file);
    return (JSON::PP::decode_json($text), $file);
}

# ---- the answer ----------------------------------------------------------------------------------------------------

my $answer = fetch($rich_port);
is($answer->{status}, 200, 'the document is there for anybody');
is_deeply($answer->{head}{'content-type'}, ['application/yaml'], 'the document has its media type');
is_deeply($answer->{head}{'cache-control'}, ['public, max-age=300'], 'the document may be cached for five minutes');
is_deeply($answer->{head}{'access-control-allow-origin'}, ['*'], 'pages of other sites may read the document');
is_deeply($answer->{head}{'x-content-type-options'}, ['nosniff'], 'the document has X-Content-Type-Options');
my $tag = $answer->{head}{etag}[0];
like($tag, qr/\A"[\w-]{22}"\z/, 'the document has an entity tag');
my $again = fetch($rich_port, GET => headers => ["If-None-Match: $tag"]);
is("$again->{status} $again->{body}", '304 ', 'a client that has this document gets 304');
isnt(fetch($plain_port)->{head}{etag}[0], $tag, 'another host has another tag');
my $head = fetch($rich_port, 'HEAD');
is("$head->{status} $head->{head}{'content-length'}[0]", '200 ' . length $answer->{body}, 'HEAD tells the length');
is(fetch($rich_port, GET => headers => ["Accept: $_"])->{status}, 200, "the document is answered to Accept: $_")
    for 'application/yaml', 'text/html', '*/*;q=0';
answer_is(call(POST => $PATH, port => $rich_port), 405, detail('Method "POST" not allowed.'), 'POST is refused');
is(call(OPTIONS => $PATH, port => $rich_port)->{head}{allow}[0], 'GET, HEAD, OPTIONS', 'OPTIONS names the methods');
answer_is(call(GET => "$PATH/more", port => $rich_port), 404, detail('not_found'), 'there is nothing below it');

# Off is the default, and then the path belongs to the site.
is(fetch($server->{port})->{body}, "the site's own\n", 'a host without UserMgmtOpenAPI serves its own file');
is(call(POST => $PATH, port => $server->{port}, any => 1)->{head}{'x-content-type-options'}, undef,
    'without UserMgmtOpenAPI the API answers no method of the path');

# ---- what depends on the host --------------------------------------------------------------------------------------

my ($rich_tree, $rich_file) = tree_of($answer);
my ($plain_tree, $plain_file) = tree_of(fetch($plain_port));
is($rich_tree->{info}{title}, 'Trees: old & # tall', 'the title is the name of the site');
is_deeply([map { $_->{url} } @{ $rich_tree->{servers} }], ['https://id.example.org:8443', '/'],
    'the servers are the origin of the issuer and the host itself');
like($rich_tree->{servers}[0]{description}, qr{https://id\.example\.org:8443/accounts\z}, 'the issuer is named');
is_deeply([map { $_->{url} } @{ $plain_tree->{servers} }], ['/'], 'an issuer that is no URL makes no server');

for my $schema (qw(Account Registration ProfileChange)) {
    my $shown = $rich_tree->{components}{schemas}{$schema}{properties};
    my %fields = map { ($_ => $shown->{$_}) } qw(phone rings tall planted);
    my $most = 9007199254740991;
    is_deeply(\%fields, {
        phone => { type => 'string', maxLength => 20, description => 'Phone' },
        rings => { type => ['integer', 'null'], minimum => -$most, maximum => $most, description => 'Rings' },
        tall => { type => ['boolean', 'null'], description => 'Tall' },
        planted => { type => ['string', 'null'], format => 'date', description => 'Planted' },
    }, "$schema has the fields of the site");
    is($plain_tree->{components}{schemas}{$schema}{properties}{phone}, undef, "$schema has none where the site has none");
}
is_deeply($rich_tree->{components}{schemas}{Registration}{required}, [qw(username rings tall)],
    'fields that the site requires are required at registration');
is_deeply($rich_tree->{components}{schemas}{Account}{required},
    [qw(id username first_name last_name email phone rings tall planted)], 'an account always has the fields of the site');
is_deeply($plain_tree->{components}{schemas}{Account}{required}, [qw(id username first_name last_name email)],
    'and no others where the site has none');
is_deeply([map { $rich_tree->{components}{schemas}{Faults}{properties}{$_}{'$ref'} } qw(phone planted)],
    [('#/components/schemas/Messages') x 2], 'faults may name the fields of the site');

my %documented = map { ($_ => 1) } split /\n/, UmTest::output_of($PYTHON, $READER, $FILE, 'routes');
my @left_out = ('POST /api-token-introspect/', 'POST /api-token-refresh/', 'POST /api/email_verification/',
    'POST /api/email_verification/confirm/');
is_deeply([sort split /\n/, UmTest::output_of($PYTHON, $READER, $rich_file, 'routes')], [sort keys %documented],
    'a host that has everything on describes all endpoints');
is_deeply([sort split /\n/, UmTest::output_of($PYTHON, $READER, $plain_file, 'routes')],
    [sort grep { my $route = $_; !grep { $_ eq $route } @left_out } keys %documented],
    'endpoints that are switched off are left out');

# The served document describes what this host answers.
my $made = call(POST => $USERS, port => $rich_port, json => JSON::PP->new->encode({ username => new_name(),
    password => good_password(), rings => 7, tall => JSON::PP::true }));
is($made->{status}, 201, 'an account with fields of the site is registered');
my $record = UmTest::new_folder() . '/answers.jsonl';
UmTest::spew($record, JSON::PP->new->encode({ suite => 'openapi', method => 'POST', path => $USERS, status => 201,
    type => 'application/json', body => $made->{body} }) . "\n");
is(UmTest::output_of($PYTHON, $READER, $rich_file, 'answers', $record), '1 checked',
    'the served document describes the answer');

# ---- linted --------------------------------------------------------------------------------------------------------

my $packages = node_packages('openapi');

# What Redocly says about a document.
sub lint {
    my ($file) = @_;
    local @ENV{qw(REDOCLY_TELEMETRY REDOCLY_SUPPRESS_UPDATE_NOTICE)} = ('off', 'true');
    my ($status, $said) = UmTest::run("$packages/node_modules/.bin/redocly", 'lint', '--format=json', '--config',
        UmTest::sources() . '/t/openapi/redocly.yaml', $file);
    my $found = $said =~ /^(\{.*^\})/ms ? JSON::PP::decode_json($1) : { problems => [{ message => $said }] };
    return ($status, map { "$_->{ruleId}: $_->{message}" } @{ $found->{problems} });
}

# What Spectral says about a document.
sub spectral {
    my ($file) = @_;
    my ($status, $said) = UmTest::run('node', "$packages/node_modules/.bin/spectral", qw(lint --quiet --fail-severity hint
        --format text --ruleset), UmTest::sources() . '/t/openapi/spectral.yaml', $file);
    return join "\n", $status, grep { !/\AOpenAPI 3\.1\.x detected|\A\s*\z/ } split /\n/, $said;
}

SKIP: {
    # What is linted does not depend on the database.
    my $why = why_no_node('openapi') || (UmTest::database() eq 'sqlite3' ? undef : 'linted on SQLite');
    skip $why, 6 if $why;
    my ($status, @said) = lint($FILE);
    is(join("\n", $status, @said), '0', 'Redocly has no complaint about docs/openapi.yaml');
    ($status, @said) = lint($rich_file);
    is(join("\n", $status, @said), '0', 'Redocly has no complaint about the served document');
    ($status, @said) = lint($plain_file);
    is($status, 0, 'Redocly has no error in a document with paths left out');
    is(join("\n", grep { !/\Ano-unused-components: / } @said), '', 'and warns of components alone that nothing uses');
    is(spectral($FILE), '0', 'Spectral has no complaint about docs/openapi.yaml');
    is(spectral($rich_file), '0', 'Spectral has no complaint about the served document');
}

is($server->crashes, '', 'no process of the server crashed');
api_done();
