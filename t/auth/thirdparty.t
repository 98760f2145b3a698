#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Programs by other authors verify the module's tokens with the published keys only: jose from npm, mod_auth_openidc,
# HAProxy. A running server has issued the tokens.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path ();
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64url decode_base64url);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use UmApi;
use UmServer;

plan(skip_all => 'the database does not matter here: once is enough') if UmTest::database() ne 'sqlite3';

my $JWKS = '/.well-known/jwks.json';
my $HELLO = "for those who have a token\n";
my %KIND = (
    EdDSA => [qw(-algorithm ed25519)],
    ES256 => [qw(-algorithm EC -pkeyopt ec_paramgen_curve:P-256)],
    RS256 => [qw(-algorithm RSA -pkeyopt rsa_keygen_bits:2048)],
);
my @ALGS = sort keys %KIND;

# ---- a server with a host for each kind of key, and tokens of one account --------------------------------------------

my $folder = UmTest::new_folder();
chmod 0755, $folder;
UmTest::run(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext
    subjectAltName=DNS:localhost -keyout), "$folder/tls.key", '-out', "$folder/tls.pem");
my (%host, @lines);
for my $alg (@ALGS) {
    my $host = $host{$alg} = { port => free_port(), tls_port => free_port(), keys => "$folder/$alg",
        issuer => "https://\L$alg\E.test.example" };
    File::Path::make_path($host->{keys}, { mode => 0700 });
    UmTest::new_key("$host->{keys}/one.pem", @{ $KIND{$alg} });
    my $settings = "UserMgmtSigningKey $host->{keys}\nUserMgmtIssuer $host->{issuer}";
    push @lines, <<"END";
Listen 127.0.0.1:$host->{port}
<VirtualHost 127.0.0.1:$host->{port}>
    UserMgmt On
    $settings
</VirtualHost>
Listen 127.0.0.1:$host->{tls_port}
<VirtualHost 127.0.0.1:$host->{tls_port}>
    SSLEngine On
    SSLCertificateFile $folder/tls.pem
    SSLCertificateKeyFile $folder/tls.key
    UserMgmt On
    $settings
</VirtualHost>
END
}
my $server = UmServer->start(new_database(), join '', UmTest::load_modules('ssl'), @lines);

my $name = new_name();
my $person = '{"username":' . json_text($name) . ',"password":' . json_text(good_password()) . '}';
my $id = json_of(call(POST => $USERS, json => $person, port => $host{EdDSA}{port}))->{id};
for my $alg (@ALGS) {
    my $host = $host{$alg};
    my $token = $host->{token} = json_of(call(POST => $TOKEN, json => $person, port => $host->{port}))->{token};
    my ($head, $claims, $signature) = split /\./, $token;
    # All six bits of the tenth character from the end belong to the signature, so another character is another
    # signature.
    (my $forged = $token) =~ s/(.)(.{9})\z/($1 eq 'A' ? 'B' : 'A') . $2/e;
    (my $raised = decode_base64url($claims)) =~ s/"sub":"[^"]*"/"sub":"00000000-0000-7000-8000-000000000000"/;
    my $none = encode_base64url('{"alg":"none","typ":"at+jwt"}');
    $host->{bad} = { 'a forged signature' => $forged, 'other claims' => join('.', $head, encode_base64url($raised),
        $signature), 'no signature' => "$none.$claims." };
}
# Tokens that another key of the same kind has signed, with the kid of the published key.
for my $alg (@ALGS) {
    my $key = UmTest::new_key("$folder/other-$alg.pem", @{ $KIND{$alg} });
    my $text = $host{$alg}{token} =~ s/\.[^.]*\z//r;
    UmTest::spew("$folder/text", $text);
    my ($status, $signature) = UmTest::run(qw(openssl pkeyutl -sign -inkey), $key, '-in', "$folder/text",
        $alg eq 'EdDSA' ? '-rawin' : qw(-rawin -digest sha256));
    die "openssl pkeyutl: $signature\n" if $status;
    $host{$alg}{bad}{'the signature of another key'} = "$text." . encode_base64url($alg eq 'ES256' ? raw($signature)
        : $signature);
}

# The two numbers of an ECDSA signature in DER, in the form of JWS.
sub raw {
    my ($der) = @_;
    my ($r, $s) = unpack 'x3 C/a x C/a', $der;
    return join '', map { substr "\0" x 32 . $_, -32 } $r, $s;
}

# ---- jose ------------------------------------------------------------------------------------------------------------

sub why_no_jose {
    return "no $_ on this machine" for grep { (UmTest::run('which', $_))[0] } qw(node npm);
    # Without a package.json here npm uses one of the folders above.
    UmTest::spew("$folder/package.json", '{"private":true}');
    my ($status, $output) = UmTest::run('sh', '-c', 'cd "$1" && exec npm install --no-audit --no-fund --loglevel=error '
        . '--fetch-timeout=10000 --fetch-retries=1 jose@5', 'sh', $folder);
    $output =~ s/\s+/ /g;
    return $status ? 'npm cannot install jose: ' . substr $output, 0, 200 : undef;
}

# The results of jose for each of these tokens.
sub jose {
    my ($issuer, $url, @tokens) = @_;
    UmTest::spew("$folder/tokens", join '', map { "$_\n" } @tokens);
    my ($status, $output) = UmTest::run('sh', '-c', 'cd "$1" && exec node "$2" "$3" "$4" <tokens', 'sh', $folder,
        UmTest::sources() . '/t/auth/jose.mjs', $issuer, $url);
    return $status ? "$status: $output" : split /\n/, $output;
}

SKIP: {
    my $why = why_no_jose();
    skip($why, 1) if $why;
    for my $alg (@ALGS) {
        my $host = $host{$alg};
        my $url = "http://127.0.0.1:$host->{port}$JWKS";
        my @bad = sort keys %{ $host->{bad} };
        my ($said, @refused) = jose($host->{issuer}, $url, $host->{token}, @{ $host->{bad} }{@bad});
        is($said, "$alg $id", "jose: $alg by $JWKS");
        like($refused[$_], qr/\AERR_(?!JWKS_TIMEOUT)\w+\z/, "jose refuses $alg with $bad[$_]") for 0 .. $#bad;
        is((jose('https://else.test.example', $url, $host->{token}))[0], 'ERR_JWT_CLAIM_VALIDATION_FAILED',
            "jose refuses $alg of another issuer");
        my ($other) = grep { $_ ne $alg } @ALGS;
        is((jose($host->{issuer}, $url, $host{$other}{token}))[0], 'ERR_JWKS_NO_MATCHING_KEY',
            "jose refuses $other where $alg is published");
    }
}

# ---- mod_auth_openidc ------------------------------------------------------------------------------------------------

# Starts a program that runs until the suite ends. It does not wait until the program is ready: see is_open.
my @programs;
sub run_along {
    my ($log, @command) = @_;
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        POSIX::setpgid(0, 0);
        open STDIN, '<', '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>', $log or POSIX::_exit(126);
        open STDERR, '>&STDOUT' or POSIX::_exit(126);
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    push @programs, $child;
    return $child;
}

END {
    my $status = $?;
    for my $child (@programs) {
        kill TERM => $child;
        await(5, sub { waitpid($child, POSIX::WNOHANG()) }) or kill KILL => -$child;
    }
    $? = $status;
}

sub is_open {
    my ($port) = @_;
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
}

# The program lets in the valid token and nothing else.
sub guards {
    my ($who, $alg, $port) = @_;
    my $host = $host{$alg};
    my $answer = call(GET => '/hello.txt', token => $host->{token}, port => $port, any => 1);
    is("$answer->{status} $answer->{body}", "200 $HELLO", "$who lets in $alg");
    for my $bad (sort keys %{ $host->{bad} }) {
        is(call(GET => '/hello.txt', token => $host->{bad}{$bad}, port => $port, any => 1)->{status}, 401,
            "$who refuses $alg with $bad");
    }
    is(call(GET => '/hello.txt', port => $port, any => 1)->{status}, 401, "$who refuses a request without a token");
    return;
}

SKIP: {
    skip('mod_auth_openidc is not installed', 1) unless -e UmTest::module_file('auth_openidc');
    my $root = "$folder/openidc";
    File::Path::make_path("$root/htdocs", "$root/logs");
    UmTest::spew("$root/htdocs/hello.txt", $HELLO);
    # mod_auth_openidc does not support EdDSA.
    my %port = map { $_ => free_port() } qw(ES256 RS256);
    my $prelude = UmTest::prelude($root) =~ s/^Listen .*\n//mr =~ s/^LoadModule (?:usermgmt|dbd)_module .*\n//mgr;
    UmTest::spew("$root/httpd.conf", join '', $prelude, <<"END", map { <<"END" } sort keys %port);
@{[UmTest::load_modules('auth_openidc')]}
OIDCCryptoPassphrase test
DocumentRoot $root/htdocs
LogLevel auth_openidc:debug
END
Listen 127.0.0.1:$port{$_}
<VirtualHost 127.0.0.1:$port{$_}>
    OIDCOAuthVerifyJwksUri https://localhost:$host{$_}{tls_port}$JWKS
    OIDCOAuthSSLValidateServer Off
    <Location />
        AuthType oauth20
        Require claim iss:$host{$_}{issuer}
    </Location>
</VirtualHost>
END
    my $child = run_along("$root/logs/output", UmTest::httpd(), '-DFOREGROUND', '-d', $root, '-f', "$root/httpd.conf");
    await(30, sub { is_open($port{RS256}) || waitpid($child, POSIX::WNOHANG()) });
    ok(is_open($port{RS256}), 'an httpd with mod_auth_openidc starts') or diag(UmTest::slurp("$root/logs/output"));
    guards('mod_auth_openidc', $_, $port{$_}) for sort keys %port;
}

# ---- HAProxy ---------------------------------------------------------------------------------------------------------

SKIP: {
    my $haproxy = (grep { -x } map { "$_/haproxy" } split /:/, $ENV{PATH})[0];
    skip('HAProxy is not installed', 1) unless $haproxy;
    # HAProxy does not support EdDSA. It checks only the signature; the configuration has the other conditions.
    my %port = map { $_ => free_port() } qw(ES256 RS256);
    for my $alg (sort keys %port) {
        my ($status, $output) = UmTest::run('openssl', 'pkey', '-in', "$host{$alg}{keys}/one.pem", '-pubout', '-out',
            "$folder/$alg.pub.pem");
        die "openssl pkey: $output\n" if $status;
    }
    UmTest::spew("$folder/haproxy.cfg", join '', <<"END", map { <<"END" } sort keys %port);
defaults
    mode http
    timeout client 10s
    timeout connect 10s
    timeout server 10s
END
frontend $_
    bind 127.0.0.1:$port{$_}
    http-request set-var(txn.token) http_auth_bearer
    http-request deny deny_status 401 unless { var(txn.token),jwt_header_query('\$.alg') -m str $_ }
    http-request deny deny_status 401 unless { var(txn.token),jwt_header_query('\$.typ') -m str at+jwt }
    http-request deny deny_status 401 unless { var(txn.token),jwt_payload_query('\$.iss') -m str $host{$_}{issuer} }
    http-request deny deny_status 401 unless { var(txn.token),jwt_verify($_,"$folder/$_.pub.pem") 1 }
    http-request return status 200 content-type text/plain file $folder/haproxy.txt
END
    UmTest::spew("$folder/haproxy.txt", $HELLO);
    my $child = run_along("$folder/haproxy.log", $haproxy, '-db', '-f', "$folder/haproxy.cfg");
    await(10, sub { is_open($port{RS256}) || waitpid($child, POSIX::WNOHANG()) });
    ok(is_open($port{RS256}), 'HAProxy') or diag(UmTest::slurp("$folder/haproxy.log"));
    guards('HAProxy', $_, $port{$_}) for sort keys %port;
}

is($server->crashes, '', 'no process of the server crashed');
api_done();
