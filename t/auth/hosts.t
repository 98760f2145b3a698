#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Virtual hosts: which name becomes the issuer, which hosts accept the tokens, and which database a host uses.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmApi;
use UmServer;
use UmTest;

my $COMMON = "UserMgmtCommonPasswords none\nUserMgmtPasswordHash \"scrypt ln=10 r=8 p=1\"\nDBDMin 1\nDBDKeep 1\n"
    . "DBDMax 3\n";
my $KEYS = "UserMgmtSigningKey \${folder}/keys\n";
my $BEARER = "<Location /page>\nAuthType Bearer\nAuthName x\nRequire valid-user\n</Location>\n";

sub database_lines {
    my ($database) = @_;
    return "DBDriver $database->{driver}\nDBDParams \"$database->{params}\"\n";
}

# The lines of a virtual host on its own port. The first one of a server has the server's port.
sub host_on {
    my ($port, $name, $lines) = @_;
    return "<VirtualHost 127.0.0.1:$port>\nServerName $name\n$lines</VirtualHost>\n";
}

sub account_at {
    my ($port) = @_;
    local $UmApi::PORT = $port;
    return register();
}

sub iss_of {
    my ($account) = @_;
    require MIME::Base64;
    return MIME::Base64::decode_base64url((split /\./, $account->{token})[1]) =~ /"iss":"([^"]*)"/ ? $1 : '';
}

# The status of a protected page of that port. 404 means that the caller was let in: there is no such page.
sub page_at {
    my ($port, $token) = @_;
    return call(GET => '/page', port => $port, token => $token, any => 1)->{status};
}

sub tables_of {
    my ($database) = @_;
    return $database->{sql}->($database->{driver} eq 'pgsql'
        ? "select count(*) from pg_tables where tablename like 'um\\_%'"
        : "select count(*) from sqlite_master where name like 'um\\_%' escape '\\'");
}

# ---- the site of the README, and a second host that only protects its pages ------------------------------------------

{
    my ($plain, $foreign) = (free_port(), free_port());
    my ($database, $other) = (new_database(), new_database(is_empty => 1));
    my $server = UmServer->start($database, '', is_bare => 1, hosts => sub {
        my ($port) = @_;
        return "Listen 127.0.0.1:$plain\nListen 127.0.0.1:$foreign\n" . database_lines($database) . $COMMON . $KEYS
            . host_on($port, 'www.example.org', "UserMgmt On\n")
            . host_on($plain, 'files.example.org', $BEARER)
            . host_on($foreign, 'app.example.org', "UserMgmtIdentityHeaders On\n" . $BEARER . database_lines($other));
    });
    my $account = account_at($server->{port});
    is(iss_of($account), 'https://www.example.org', 'the issuer is the ServerName of the host with the API');
    is(page_at($plain, $account->{token}), 404, 'a host without directives of the module accepts its tokens');
    is(page_at($foreign, $account->{token}), 404,
        'a host with its own DBDParams and no directive of the module accepts the tokens');
    is(tables_of($other), 0, 'no table is made in a database that is not used for accounts');
    my $log = $server->log;
    like($log, qr/UM221: virtual host www\.example\.org \(\S+:\d+\): API on, issuer https:\/\/www\.example\.org, database /,
        'the log says so for the host with the API');
    like($log, qr/UM221: main server: API off, issuer https:\/\/www\.example\.org, database \S+ \S+, keys \S+\/keys$/m,
        'the log names the database of the main server');
    like($log, qr/UM221: virtual host app\.example\.org .*: API off, .*, database \S+ \S+ of the main server, keys /,
        'the log names the database of a host that uses the main server\'s');
    $server->stop;
}

# ---- keys in the main server, databases in virtual hosts -------------------------------------------------------------

{
    my ($second, $off) = (free_port(), free_port());
    my ($one, $other) = (new_database(), new_database());
    my $server = UmServer->start($one, '', is_bare => 1, hosts => sub {
        my ($port) = @_;
        return "Listen 127.0.0.1:$second\nListen 127.0.0.1:$off\n" . $COMMON . $KEYS
            . host_on($port, 'one.example.org', "UserMgmt On\n" . database_lines($one) . $BEARER)
            . host_on($second, 'two.example.org', "UserMgmt On\n" . database_lines($other) . $BEARER)
            . host_on($off, 'off.example.org', "UserMgmt Off\n");
    });
    my @accounts = map { account_at($_) } $server->{port}, $second;
    is(join(' ', map { iss_of($_) } @accounts), 'https://one.example.org https://two.example.org',
        'the main server needs no database where each host with the API has its own');
    is(join(' ', map { page_at($server->{port}, $_->{token}), page_at($second, $_->{token}) } @accounts),
        '404 401 401 404', 'tokens of one host are refused on a host with another name and other accounts');
    is($one->{sql}->('select count(*) from um_users') . $other->{sql}->('select count(*) from um_users'), '11',
        'each has its own accounts');
    like($server->log, qr/UM221: main server: API off, issuer none .*, database none .*, keys /,
        'the log says that the main server has no database');
    $server->stop;
}

# ---- a host that only inherits the key, and the main server has no database ------------------------------------------

{
    my $second = free_port();
    my ($database, $other) = (new_database(), new_database(is_empty => 1));
    my $server = UmServer->start($database, '', is_bare => 1, hosts => sub {
        my ($port) = @_;
        return "Listen 127.0.0.1:$second\n" . $COMMON . $KEYS . "UserMgmtIssuer https://all.example.org\n"
            . host_on($port, 'one.example.org', "UserMgmt On\n" . database_lines($database))
            . host_on($second, 'two.example.org', "UserMgmtRealm two\n$BEARER" . database_lines($other));
    });
    is(page_at($second, account_at($server->{port})->{token}), 503,
        'a host with accounts asks its own database, which is not ready');
    is(tables_of($other), 0, 'no table is made in a database that is not ready');
    is($database->{driver} eq 'pgsql' ? 'delete' : $other->{sql}->('pragma journal_mode'), 'delete',
        'the journal mode of a database that is not ready stays');
    $server->stop;
}

# ---- the API of the main server is not inherited ---------------------------------------------------------------------

{
    my $plain = free_port();
    my $database = new_database();
    my $server = UmServer->start($database, '', is_bare => 1, hosts => sub {
        my ($port) = @_;
        return "Listen 127.0.0.1:$plain\n" . database_lines($database) . $COMMON . $KEYS
            . "UserMgmt On\nUserMgmtIssuer https://all.example.org\n"
            . host_on($port, 'one.example.org', "UserMgmt On\n") . host_on($plain, 'two.example.org', $BEARER);
    });
    my $token = account_at($server->{port})->{token};
    is(join(' ', map { call(GET => '/.well-known/jwks.json', port => $_, any => 1)->{status} } $server->{port}, $plain),
        '200 404', 'a host without a directive does not serve the API, although the main server does');
    is(page_at($plain, $token), 404, 'it accepts the tokens of the main server');
    $server->stop;
}

done_testing();
