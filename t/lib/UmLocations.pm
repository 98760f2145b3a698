# SPDX-License-Identifier: Apache-2.0
package UmLocations;
# A server with Locations behind AuthType Bearer, a back end of its own that prints what it received, and accounts.
#
#   my $site = locations(<<"END");         # lines of configuration; ${pages} is a folder, ${back} the back end's address
#   get('/path', token => $token);      # like call(GET => ...) of UmApi, to this server
#   my $alice = enrol('alice', groups => ['editors']);
use strict;
use warnings;
use Exporter 'import';
use File::Path ();
use UmApi;
use UmServer;
use UmTest ();

our @EXPORT = qw(locations ask get enrol told challenge_of h2 $HELLO);

our $HELLO = "hello\n";
my ($server, $database);

my @MODULES = qw(alias auth_basic authn_file autoindex cgi cgid dav dav_fs dir headers include mime negotiation proxy
    proxy_http rewrite setenvif http2);

sub module_lines {
    my $unwanted = UmTest::setting('MPM') eq 'prefork' ? qr/\A(?:cgid|http2)\z/ : qr/\Acgi\z/;
    return UmTest::load_modules(grep { $_ !~ $unwanted } @MODULES);
}

# Pages that every suite has: hello.txt in each folder named, and a program that prints its environment.
sub pages {
    my $pages = UmTest::new_folder();
    File::Path::make_path("$pages/$_") for qw(files cgi dav index);
    UmTest::spew("$pages/files/hello.txt", $HELLO);
    UmTest::spew("$pages/types", "text/plain txt\ntext/html html shtml\n");
    UmTest::spew("$pages/cgi/env", UmTest::slurp(UmTest::sources() . '/t/cgi-bin/printenv'));
    chmod 0755, "$pages/cgi/env" or die "$pages/cgi/env: $!\n";
    return $pages;
}

sub locations {
    my ($lines, %with) = @_;
    my $pages = pages();
    my $back = free_port();
    $with{files}->($pages) if $with{files};
    $database = new_database();
    $server = UmServer->start($database, module_lines() . <<"END" . $lines, environment => $with{environment});

Define pages $pages
Define back http://127.0.0.1:$back/b
Listen 127.0.0.1:$back
TypesConfig $pages/types
DocumentRoot $pages/files
DavLockDB \${folder}/logs/dav
<IfModule mod_cgid.c>
    ScriptSock \${folder}/logs/cgisock
</IfModule>
<IfModule mod_http2.c>
    Protocols h2c http/1.1
</IfModule>
<Directory $pages>
    Require all granted
    AllowOverride None
</Directory>
ScriptAlias /cgi/ $pages/cgi/
<VirtualHost 127.0.0.1:$back>
    UserMgmtSigningKey none
    ScriptAlias /b $pages/cgi/env
    <Location />
        CGIPassAuth On
    </Location>
</VirtualHost>
END
    return { server => $server, database => $database, pages => $pages, back => $back };
}

sub ask {
    my ($method, $path, @with) = @_;
    return call($method => $path, @with, port => $server->{port}, any => 1);
}

sub get { return ask('GET', @_) }

sub cli {
    UmTest::output_of(UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params}, @_);
    return;
}

# A new account; groups => [...] are made when they are not there, staff => 1.
my %made;
sub enrol {
    my ($name, %with) = @_;
    my $password = good_password();
    my $address = ($name =~ s/[^a-z]//gr) . '@example.org';
    my $answer = ask(POST => $USERS, json => '{"username":' . json_text($name) . qq(,"password":"$password",)
        . qq("first_name":"First","last_name":"Last","email":"$address"}));
    die "registration failed: $answer->{status} $answer->{body}\n" unless $answer->{status} == 201;
    for my $group (@{ $with{groups} || [] }) {
        cli('group', 'new', $group) unless $made{$group}++;
        cli('group', 'add', $group, $name);
    }
    cli('user', 'staff', $name, 'on') if $with{staff};
    my $account = json_of($answer);
    my $token = json_of(ask(POST => $TOKEN, json => qq({"username":) . json_text($name) . qq(,"password":"$password"})))
        ->{token} or die "$name cannot sign in\n";
    return { %$account, token => $token, password => $password };
}

# What a program or the back end was told, as a hash.
sub told {
    my ($answer) = @_;
    return { map { /\A([^=]+)=(.*)\z/s ? ($1, $2) : () } split /\n/, $answer->{body} };
}

# Status and challenge in one line.
sub challenge_of {
    my ($answer) = @_;
    return join ' ', $answer->{status}, @{ $answer->{head}{'www-authenticate'} || [] };
}

# By HTTP/2, with curl: status and body. undef where there is no HTTP/2.
sub h2 {
    my ($path, @options) = @_;
    return undef if UmTest::setting('MPM') eq 'prefork';
    my ($status, $output) = UmTest::run('curl', '-sS', '--http2-prior-knowledge', '-w', '%{http_code} %{http_version}',
        @options, "http://127.0.0.1:$server->{port}$path");
    return $status ? "curl: $output" : $output;
}

1;
