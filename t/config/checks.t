#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Checks of the whole configuration, after all files are read: httpd -t names the directive, its file and line, what is
# wrong, and what to do.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmTest;

# A folder with everything that a valid configuration needs. A case changes one thing.
sub new_setup {
    my $folder = UmTest::new_folder();
    mkdir "$folder/keys", 0700 or die "$!\n";
    mkdir "$folder/db", 0700 or die "$!\n";
    UmTest::new_key("$folder/keys/one.pem");
    return $folder;
}

my $KEY = 'UserMgmtSigningKey ${folder}/keys';
my $SQLITE = "DBDriver sqlite3\nDBDParams \${folder}/db/accounts.db";
my $LIST = 'UserMgmtCommonPasswords none';
my $GOOD = "$KEY\n$SQLITE\n$LIST\nUserMgmt On\n";

my $BEARER = "<Location />\nAuthType \"bearer\"\nAuthName x\nRequire valid-user\n</Location>\n";
my $MAIL = "UserMgmtMail file:\${folder}\nUserMgmtMailFrom a\@a.example\nUserMgmtMailTemplates "
    . UmTest::sources() . "/conf/mail\n";
my $PAGES = 'UserMgmtPagesTemplates ' . UmTest::sources() . "/conf/pages\n";
my @NAMELESS = (is_nameless => 1);

sub host {
    my ($name, $lines) = @_;
    return "<VirtualHost *:1>\nServerName $name\n$lines\n</VirtualHost>\n";
}

sub sign_in_page { return "<Location /x/>\nUserMgmtSignInPage $_[0]\n</Location>\n" }

my $HASH = 'S_AZv6qtzgD4t2bBUHTDlLMXGYhu3wDrtf4PYcULFnk';
my $CLIENTS = "UserMgmtClientToken \${folder}/clients\n";

sub clients {
    my ($folder, $text) = @_;
    UmTest::spew("$folder/clients", $text);
    return chmod 0600, "$folder/clients";
}

my $PEPPER = "UserMgmtPasswordPepper \${folder}/pepper\n";

sub pepper {
    my ($folder, $text) = @_;
    UmTest::spew("$folder/pepper", $text);
    return chmod 0600, "$folder/pepper";
}

sub changed {
    my ($from, $to) = @_;
    my $lines = $GOOD;
    $lines =~ s/\Q$from\E/$to/ or die "$from: not in the good configuration\n";
    return $lines;
}

# What is shown, the lines, what httpd -t must print (undef: the configuration is valid), what is done to the folder
# first, further options.
my @cases = (
    ['a valid configuration is accepted', $GOOD],
    ['a key file instead of a folder is accepted', changed($KEY, "$KEY/one.pem")],
    ['PostgreSQL is accepted', changed($SQLITE, "DBDriver pgsql\nDBDParams \"dbname=x\"")],
    ['a configuration without any directive of the module is accepted', ''],
    ['a host with the API below a main server without it is accepted',
        "$KEY\n$SQLITE\n$LIST\n<VirtualHost *:1>\nUserMgmt On\n</VirtualHost>\n"],
    ['a host with a database and keys of its own is accepted',
        "<VirtualHost *:1>\nUserMgmt On\n$KEY\n$SQLITE\n$LIST\n</VirtualHost>\n"],

    ['sign-in by address is accepted where addresses are unique', "${GOOD}UserMgmtLogin both\nUserMgmtUniqueEmail On\n"],
    (map { ["UserMgmtLogin $_ is refused where addresses may be shared", "${GOOD}UserMgmtLogin $_\n",
        qr/UserMgmtLogin $_ \(\S+httpd\.conf:\d+\): UserMgmtUniqueEmail \(default Off\): .* set UserMgmtUniqueEmail On/] }
        qw(email both)),
    ['pages are accepted', "${GOOD}${PAGES}UserMgmtPages On\n"],
    ['pages are accepted with a cookie and a path', "${GOOD}${PAGES}UserMgmtPages On /me/\nUserMgmtCookie s\n"],
    ['pages are refused without a cookie', "${GOOD}UserMgmtCookie none\nUserMgmtPages On /me/\n",
        qr{UserMgmtPages On /me/ \(\S+httpd\.conf:\d+\): UserMgmtCookie none \(\S+:\d+\): the pages need a cookie}],
    ['pages are refused on a host without the API', $GOOD . host('a.example', 'UserMgmtPages On'),
        qr/UserMgmtPages On \(\S+:\d+\): the pages need UserMgmt On for this host/],
    ['a sign-in page of the pages is accepted', "${GOOD}${PAGES}UserMgmtPages On\n" . sign_in_page('auto')],
    ['a sign-in page of the pages of another host is accepted for a folder that both serve',
        $GOOD . $PAGES . sign_in_page('auto') . host('a.example', "UserMgmt On\nUserMgmtPages On")],
    ['a sign-in page of another program is accepted without pages', $GOOD . sign_in_page('/login')],
    ['no sign-in page is accepted without pages', $GOOD . sign_in_page('none')],
    ['a sign-in page of the pages is refused without pages', $GOOD . sign_in_page('auto'),
        qr/UserMgmtSignInPage auto \(\S+httpd\.conf:\d+\): this host has no pages; set UserMgmtPages On/],
    ['a sign-in page of the pages is refused on a host without pages',
        "${GOOD}${PAGES}UserMgmtPages On\n" . host('a.example', "UserMgmt On\n" . sign_in_page('AUTO')),
        qr/UserMgmtSignInPage AUTO \(\S+:\d+\): this host has no pages/],
    ['UserMgmtLogin email is refused on a host that allows shared addresses',
        "${GOOD}UserMgmtLogin email\nUserMgmtUniqueEmail On\n" . host('a.example', "UserMgmt On\nUserMgmtUniqueEmail Off"),
        qr/UserMgmtLogin email \(\S+:\d+\): UserMgmtUniqueEmail Off \(\S+:\d+\)/],

    ['UserMgmtEmailChange confirm is refused without mail', "${GOOD}UserMgmtEmailChange confirm\n",
        qr/UserMgmtEmailChange confirm \(\S+httpd\.conf:\d+\): needs UserMgmtMail/],
    ['UserMgmtEmailChange confirm is accepted with mail', "$GOOD${MAIL}UserMgmtEmailChange confirm\nServerName a.example\n"],
    ['UserMgmtEmailChange confirm needs a name for its links', "$GOOD${MAIL}UserMgmtEmailChange confirm\n"
        . "UserMgmtResetURL https://a.example/{token}\nUserMgmtSiteName A\n",
        qr/UserMgmtVerifyURL \(default auto\): auto needs the ServerName/, undef, @NAMELESS],

    ['a second UserMgmtProfile of one name is refused', "${GOOD}UserMgmtProfile phone text\nUserMgmtProfile phone date\n",
        qr/on line \d+ of \S+httpd\.conf:\s+UserMgmtProfile phone date: .* there is such a field already/],

    ['a login in UserMgmtMail is refused, without repeating it',
        $GOOD . ($MAIL =~ s{file:\S+}{smtp://someone:secret-8\@mail.example}r),
        qr/UserMgmtMail \.\.\. \([^)]*:\d+\)(?!.*secret-8)/s],

    (map { ["credentials in a faulty UserMgmtAuthorization are not repeated: $_->[0]",
        "<Location />\nUserMgmtAuthorization $_->[0]\n</Location>\n",
        qr/UserMgmtAuthorization \Q$_->[1]\E: must be forward(?!.*secret)/] } ['Basic secret8=', 'Basic ...'],
        ['"Basic secret8=" secret9', 'Basic ...'], ['secret8=', '...'], ['forwrd', 'forwrd']),

    # A host with identity headers must not merge the trailers of a body into the headers.
    ['MergeTrailers On is accepted without identity headers', "$GOOD\nMergeTrailers On\n"],
    ['MergeTrailers On is accepted with UserMgmtIdentityHeaders Off',
        "$GOOD\nMergeTrailers On\nUserMgmtIdentityHeaders Off\n"],
    ['MergeTrailers On is accepted on a host without a key', "MergeTrailers On\nUserMgmtIdentityHeaders On\n"],
    ['MergeTrailers On is accepted when it is Off on the host with identity headers',
        "MergeTrailers On\n<VirtualHost *:1>\nMergeTrailers Off\n"
        . "${GOOD}UserMgmtIdentityHeaders On\n</VirtualHost>\n"],
    ['MergeTrailers On is refused with identity headers', "${GOOD}UserMgmtIdentityHeaders On\nMergeTrailers On\n",
        qr/MergeTrailers On \(\S+httpd\.conf:\d+\): .*UserMgmtIdentityHeaders On \(\S+httpd\.conf:\d+\)/],
    ['MergeTrailers On is refused with identity headers in a Location',
        "$GOOD<IfModule core.c>\nMergeTrailers On\n</IfModule>\n"
        . "<Location /app>\nUserMgmtIdentityHeaders On\n</Location>\n", qr/MergeTrailers On \(\S+httpd\.conf:\d+\)/],
    ['MergeTrailers On of the main server is refused for a host with identity headers',
        "MergeTrailers On\n<VirtualHost *:1>\n$GOOD<Directory />\n"
        . "UserMgmtIdentityHeaders On\n</Directory>\n</VirtualHost>\n", qr/MergeTrailers On \(\S+httpd\.conf:\d+\)/],
    ['MergeTrailers On of a host is refused with identity headers of the main server',
        "${GOOD}UserMgmtIdentityHeaders On\n"
        . "<VirtualHost *:1>\nMergeTrailers On\n</VirtualHost>\n", qr/MergeTrailers On \(\S+httpd\.conf:\d+\)/],
    ['MergeTrailers On is refused for a host that inherits identity headers',
        "$GOOD<Location />\nUserMgmtIdentityHeaders On\n</Location>\n"
        . "<VirtualHost *:1>\nUserMgmtRealm x\nMergeTrailers On\n</VirtualHost>\n",
        qr/MergeTrailers On \(\S+httpd\.conf:\d+\)/],

    ['a host with the API and without a key is refused',
        changed($KEY, ''), qr/UserMgmt On \(\S+:\d+\): there is no UserMgmtSigningKey; .*usermgmt key new/],
    ['a missing key is refused', changed($KEY, "$KEY/two.pem"),
        qr/UserMgmtSigningKey \S+two\.pem .*httpd\.conf:\d+\).*usermgmt key new FOLDER/],
    ['a folder without a key is refused',
        $GOOD, qr/UserMgmtSigningKey .*httpd\.conf:\d+\)/, sub { unlink "$_[0]/keys/one.pem" }],
    ['a key that all users can read is refused', $GOOD, qr/UserMgmtSigningKey .*one\.pem.*chmod o-rwx/,
        sub { chmod 0644, "$_[0]/keys/one.pem" }],
    ['a key that all users can write is refused', $GOOD, qr/UserMgmtSigningKey .*one\.pem.*chmod o-rwx/,
        sub { chmod 0602, "$_[0]/keys/one.pem" }],
    ['a file that is not a key is refused', $GOOD, qr/UserMgmtSigningKey .*one\.pem/,
        sub { UmTest::spew("$_[0]/keys/one.pem", "hello\n") }],
    ['a truncated key is refused', $GOOD, qr/UserMgmtSigningKey .*one\.pem/,
        sub { UmTest::spew("$_[0]/keys/one.pem", substr(UmTest::slurp("$_[0]/keys/one.pem"), 0, 60)) }],
    ['an RSA key of fewer than 2048 bits is refused', $GOOD, qr/UserMgmtSigningKey .*one\.pem/,
        sub { UmTest::new_key("$_[0]/keys/one.pem", qw(-algorithm RSA -pkeyopt rsa_keygen_bits:1024)) }],
    ['an RSA key is accepted', $GOOD, undef,
        sub { UmTest::new_key("$_[0]/keys/one.pem", qw(-algorithm RSA -pkeyopt rsa_keygen_bits:2048)) }],
    ['a P-256 key is accepted', $GOOD, undef,
        sub { UmTest::new_key("$_[0]/keys/one.pem", qw(-algorithm EC -pkeyopt ec_paramgen_curve:P-256)) }],
    ['a key of a curve that tokens do not use is refused', $GOOD, qr/UserMgmtSigningKey .*one\.pem/,
        sub { UmTest::new_key("$_[0]/keys/one.pem", qw(-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1)) }],

    ['a key folder that all users can write is refused',
        $GOOD, qr/UserMgmtSigningKey .*can be written by others.*chmod o-w/,
        sub { chmod 0702, "$_[0]/keys" }],
    ['keys that their group can read are accepted',
        $GOOD, undef, sub { chmod 0750, "$_[0]/keys"; chmod 0640, "$_[0]/keys/one.pem" }],
    ['a folder with only a next key is refused',
        $GOOD, qr/UserMgmtSigningKey .*no key that is in use.*usermgmt key rotate/,
        sub { rename "$_[0]/keys/one.pem", "$_[0]/keys/one.next.pem" }],
    ['a wrong retired key beside a valid key is accepted', $GOOD, undef,
        sub { UmTest::spew("$_[0]/keys/two.retired.pem", "hello\n") }],
    ['a key rotation of 30 days is accepted', $GOOD . "UserMgmtKeyRotation 30d\n"],
    ['a key rotation of less than a minute is refused',
        $GOOD . "UserMgmtKeyRotation 59\n", qr/UserMgmtKeyRotation 59 \(.*httpd\.conf:\d+\): .*at least 1m/],
    ['a rotation of a key file, without a folder, is refused',
        changed($KEY, "$KEY/one.pem") . "UserMgmtKeyRotation 1d\n",
        qr/UserMgmtKeyRotation 1d \(.*httpd\.conf:\d+\): .*is a file/],
    ['a rotation in a folder that cannot be written is refused', $GOOD . "UserMgmtKeyRotation 1d\n",
        qr/UserMgmtKeyRotation 1d \(.*httpd\.conf:\d+\): .*cannot read and write .*chown -R .*usermgmt key rotate/,
        sub { chmod 0500, "$_[0]/keys" }],

    ['a host with the API and without DBDriver is refused',
        changed($SQLITE, ''), qr/no DBDriver.*DBDriver sqlite3.*DBDriver pgsql/],
    # httpd looks for the driver's file first, and on most machines it is not there.
    ['a DBDriver other than sqlite3 and pgsql is refused', changed('sqlite3', 'mysql'),
        qr/DBDriver mysql .*must be sqlite3 or pgsql|Can't load driver file apr_dbd_mysql/],
    ['SQLite without DBDParams is refused', changed("\nDBDParams \${folder}/db/accounts.db", ''), qr/needs DBDParams/],
    ['a relative path of a SQLite file is refused', changed('${folder}/db/accounts.db', 'accounts.db'),
        qr/DBDParams \(\S+httpd\.conf:\d+\): .*absolute path/],
    ['a connection string of PostgreSQL is refused for SQLite',
        changed('${folder}/db/accounts.db', '"host=db dbname=x"'),
        qr/DBDParams \(\S+httpd\.conf:\d+\): .*sqlite3 needs the absolute path/],
    ['SQLite in memory is refused', changed('${folder}/db/accounts.db', ':memory:'), qr/DBDParams .*memory/],
    ['a SQLite folder that is open to all users is refused',
        $GOOD, qr/DBDParams .*open to all users.*chmod/, sub { chmod 0755, "$_[0]/db" }],
    ['a missing SQLite folder is refused', changed('/db/', '/nowhere/'), qr/DBDParams .*no folder .*0700/],
    ['a server without mod_dbd is refused',
        "$KEY\n$LIST\nUserMgmt On\n", qr/mod_dbd.*LoadModule dbd_module/, undef, without => 'dbd'],

    ['a main server with a key is accepted without a database, if the host with the API has one',
        "$KEY\n$LIST\n" . host('a.example', "UserMgmt On\n$SQLITE") . host('b.example', 'UserMgmt Off')],
    ['a host with AuthType Bearer and without a database is refused',
        "$KEY\n$LIST\n" . host('a.example', "UserMgmt On\n$SQLITE") . host('b.example', $BEARER),
        qr/no DBDriver.*to the virtual host b\.example \(\S+:\d+\), which has AuthType Bearer/],
    ['a main server with a key is refused if there is no database at all',
        "$KEY\n$LIST\n" . host('a.example', 'UserMgmt Off'), qr/no DBDriver/],

    ['UserMgmtIssuer auto is refused without any ServerName',
        $GOOD, qr/UserMgmtIssuer \(default auto\): .*ServerName of the main server.*add ServerName/, undef,
        @NAMELESS],
    ['a server without a ServerName is accepted with UserMgmtIssuer',
        $GOOD . "UserMgmtIssuer https://a.example\n", undef, undef, @NAMELESS],
    ['UserMgmtIssuer auto is refused for a host without a ServerName',
        "$KEY\n$LIST\n$SQLITE\n<VirtualHost *:1>\nUserMgmt On\n</VirtualHost>\n",
        qr/UserMgmtIssuer \(default auto\): .*ServerName of the virtual host .*httpd\.conf:\d+\)/, undef, @NAMELESS],
    ['UserMgmtIssuer auto is accepted for a host with a ServerName of its own',
        "$KEY\n$LIST\n$SQLITE\n" . host('a.example', 'UserMgmt On'),
        undef, undef, @NAMELESS],
    ['hosts that a macro makes are accepted', "<Macro Site \$name>\n" . host('$name', 'UserMgmt On') . "</Macro>\n"
        . "$KEY\n$LIST\n$SQLITE\nUse Site a.example\nUse Site b.example\n", undef, undef, @NAMELESS,
        modules => ['macro']],
    ['a host with only AuthType Bearer takes the issuer of the host with the API',
        "$KEY\n$LIST\n$SQLITE\n" . host('a.example', 'UserMgmt On') . host('b.example', $BEARER), undef, undef, @NAMELESS],
    ['a host with only AuthType Bearer is refused beside hosts with several issuers',
        "$KEY\n$LIST\n$SQLITE\n" . host('a.example', 'UserMgmt On') . host('b.example', $BEARER)
            . host('c.example', 'UserMgmt On'),
        qr/UserMgmtIssuer \(.*virtual host b\.example \(.*https:\/\/[ac]\.example and https:\/\/[ac]\.example; set UserMgmtIssuer/,
        undef, @NAMELESS],
    ['one UserMgmtIssuer for all these hosts is accepted', "UserMgmtIssuer https://x.example\n$KEY\n$LIST\n$SQLITE\n"
            . host('a.example', 'UserMgmt On') . host('b.example', $BEARER) . host('c.example', 'UserMgmt On'),
        undef, undef, @NAMELESS],
    ['AuthType Bearer is refused without a ServerName and a host that issues tokens',
        "$KEY\n$LIST\n$SQLITE\n<VirtualHost *:1>\n$BEARER</VirtualHost>\n",
        qr/UserMgmtIssuer \(.*no host here issues tokens.*add UserMgmtIssuer/, undef, @NAMELESS],
    (map { ["a guessed name in mails is refused: $_->[0] auto", $GOOD . "UserMgmtIssuer https://a.example\n$MAIL$_->[1]\n",
        qr/$_->[0] \(default auto\): .*ServerName.*has none/, undef, @NAMELESS] }
        ['UserMgmtResetURL', 'UserMgmtSiteName A'],
        ['UserMgmtSiteName', 'UserMgmtResetURL https://a.example/{token}'],
        ['UserMgmtVerifyURL', "UserMgmtSiteName A\nUserMgmtResetURL https://a.example/{token}\n"
            . 'UserMgmtEmailVerification on']),
    ['mail is accepted without a ServerName when its names are set', $GOOD . "UserMgmtIssuer https://a.example\n$MAIL"
            . "UserMgmtSiteName A\nUserMgmtResetURL https://a.example/{token}\n", undef, undef, @NAMELESS],

    ['equal lengths of the shortest and the longest password are accepted',
        $GOOD . "UserMgmtPasswordMinLength 64\nUserMgmtPasswordMaxLength 64\n"],
    ['a missing list of common passwords is refused', changed($LIST, 'UserMgmtCommonPasswords ${folder}/list'),
        qr/UserMgmtCommonPasswords .*list/],
    ['an unsorted list of common passwords is refused', changed($LIST, 'UserMgmtCommonPasswords ${folder}/list'),
        qr/UserMgmtCommonPasswords .*list/, sub { UmTest::spew("$_[0]/list", "zebra\napple\n") }],
    ['a file of clients is accepted', $GOOD . $CLIENTS, undef, sub { clients($_[0], "# one\nfront $HASH\n") }],
    ['a missing file of clients is refused', $GOOD . $CLIENTS,
        qr/UserMgmtClientToken \S+ \(\S+:\d+\): \S+clients: cannot/],
    ['a file of clients with a wrong line is refused', $GOOD . $CLIENTS,
        qr/UserMgmtClientToken \S+ \(\S+:\d+\): \S+clients: line 2: not NAME HASH/,
        sub { clients($_[0], "\nfront\n") }],
    ['a file of clients with a repeated name is refused',
        $GOOD . $CLIENTS, qr/clients: line 2: a line above has the same name/,
        sub { clients($_[0], "front $HASH\nfront $HASH\n") }],
    ['a file of clients that all users can read is refused',
        $GOOD . $CLIENTS, qr/UserMgmtClientToken .*clients.*chmod 600/,
        sub { clients($_[0], "front $HASH\n"); chmod 0644, "$_[0]/clients" }],
    ['an audit log in a folder is accepted', $GOOD . "UserMgmtAuditLog \${folder}/audit.log\n"],
    ['an audit log in no folder is refused', $GOOD . "UserMgmtAuditLog \${folder}/no/audit.log\n",
        qr/UserMgmtAuditLog \S+ \(\S+:\d+\): \S+no\/: No such file/],
    ['a folder as the audit log is refused', $GOOD . "UserMgmtAuditLog \${folder}\n",
        qr/UserMgmtAuditLog \S+ \(\S+:\d+\): \S+: Is a directory/],
    ['a program for the audit log that is missing is refused', $GOOD . "UserMgmtAuditLog \"|/no/program x\"\n",
        qr/UserMgmtAuditLog .*: \/no\/program: No such file/],
    ['a program for the audit log without its path is refused', $GOOD . "UserMgmtAuditLog \"|cat x\"\n",
        qr/UserMgmtAuditLog .*: cat: name the program with its whole path/],
    ['a program for the audit log is accepted', $GOOD . "UserMgmtAuditLog \"|/bin/cat x\"\n"],
    ['a file of peppers is accepted', $GOOD . $PEPPER, undef, sub { pepper($_[0], "one $HASH\n") }],
    ['a missing file of peppers is refused', $GOOD . $PEPPER,
        qr/UserMgmtPasswordPepper \S+ \(\S+:\d+\): \S+pepper: cannot be opened/],
    ['a file of peppers with a wrong line is refused', $GOOD . $PEPPER,
        qr/\S+pepper: line 2: the secret must have 32 to 128 bytes/, sub { pepper($_[0], "\none AAAA\n") }],
    ['a file of peppers that all users can read is refused', $GOOD . $PEPPER,
        qr/UserMgmtPasswordPepper .*pepper.*chmod 600/, sub { pepper($_[0], "one $HASH\n"); chmod 0644, "$_[0]/pepper" }],
    ['endpoints that require a client token are accepted with a file of clients',
        $GOOD . $CLIENTS . "UserMgmtRequireClientToken token reset register\n", undef,
        sub { clients($_[0], "front $HASH\n") }],
    ['endpoints that require a client token are refused without a file of clients',
        $GOOD . "UserMgmtRequireClientToken reset\n",
        qr/UserMgmtRequireClientToken reset \(\S+:\d+\): there is no UserMgmtClientToken; .*usermgmt client new/],

    ['a sorted list of common passwords is accepted', changed($LIST, 'UserMgmtCommonPasswords ${folder}/list'), undef,
        sub { UmTest::spew("$_[0]/list", "apple\nzebra\n") }],
);

for (@cases) {
    my ($name, $lines, $wanted, $prepare, %with) = @$_;
    my $folder = new_setup();
    $prepare->($folder) if $prepare;
    my ($status, $output) = UmTest::httpd_t($lines, folder => $folder, %with);
    my $good = $wanted ? $status && $output =~ $wanted : !$status;
    ok($good, $name) or diag("$status: $output");
    cmp_ok($status, '<', 128, "$name; httpd does not crash");
}

# A connection string without timeouts for a host that does not answer causes a warning, and httpd starts.
for (
    ['dbname=x', 'connect_timeout=2'], ['host=db dbname=x', 'connect_timeout=2 tcp_user_timeout=5000'],
    ['host=db connect_timeout=2',
        'tcp_user_timeout=5000'], ['hostaddr=192.0.2.1 tcp_user_timeout=1', 'connect_timeout=2'],
    ['postgresql://db/x?connect_timeout=2',
        'tcp_user_timeout=5000'], ['host=db connect_timeout=2 tcp_user_timeout=5000'],
    ['host=/run/postgresql connect_timeout=2'], ['connect_timeout=2'], ['service=accounts'],
    ['postgres://db/x?connect_timeout=2&tcp_user_timeout=5000'],
) {
    my ($params, $lacks) = @$_;
    my ($status, $output) = UmTest::httpd_t(changed($SQLITE, "DBDriver pgsql\nDBDParams \"$params\""), folder => new_setup());
    my ($told) = $output =~ /UM112: DBDParams \(\S+:\d+\) lacks ([^:]+): /;
    is("$status " . ($told || 'nothing'), '0 ' . ($lacks || 'nothing'), "the warning names what $params lacks") or diag($output);
}

# TRACE sends tokens back. One line names the first host with a key that answers it, and how many more there are.
for (
    ['the default', $GOOD, 'main server'], ['On', "${GOOD}TraceEnable On\n", 'main server'],
    ['extended', "${GOOD}TraceEnable extended\n", 'main server'], ['Off', "${GOOD}TraceEnable Off\n"],
    ['Off, inherited', "${GOOD}TraceEnable Off\n" . host('a.example', '')],
    ['Off in the main server and On in a host', "${GOOD}TraceEnable Off\n" . host('a.example', 'TraceEnable On'),
        'virtual host a.example'],
    ['the default in two hosts', $GOOD . host('a.example', ''), 'main server and 1 more'],
    ['no host with a key', "TraceEnable On\n"],
) {
    my ($what, $lines, $wanted) = @$_;
    my ($status, $output) = UmTest::httpd_t($lines, folder => new_setup());
    my @told = $output =~ /UM223: (.*?): TRACE/g;
    s/ \(\S+:\d+\)// for @told;
    is("$status @told", '0 ' . ($wanted || ''), "TRACE is warned of once: $what") or diag($output);
}

# AuthType Bearer without a Require for an authenticated user. One line names the first of a host, and how many more
# there are. A Require anywhere that could apply to the same place is enough; one that ignores the user is not.
sub section {
    my ($start, @lines) = @_;
    return join "\n", "<$start>", @lines, '</' . ($start =~ /(\w+)/)[0] . ">\n";
}

sub bearer { return section($_[0], 'AuthType Bearer', 'AuthName x', @_[1 .. $#_]) }

# The host that a line names, and how many it has; something else if the place is not that of an AuthType.
sub host_and_count {
    my ($line) = @_;
    my ($host, $file, $number, $more) = $line =~
        /^(.*?)(?: \(\S+:\d+\))?: AuthType "?bearer"? \((\S+):(\d+)\)(?: and (\d+) more)?: no token is required/i or return $line;
    my $there = (split /\n/, UmTest::slurp($file))[$number - 1];
    return $there =~ /^AuthType/i ? "$host: " . (1 + ($more || 0)) : "line $number: $there";
}

my $GRANTED = section('Directory "/srv"', 'Require all granted');
my $USER = 'Require valid-user';

for (
    ['no Require at all', bearer('Location "/a"'), 'main server: 1'],
    ['Require all granted of the files', $GRANTED . bearer('Location "/a"'), 'main server: 1'],
    ['two of them', bearer('Location "/a"') . bearer('Files "x"'), 'main server: 2'],
    ['in quotes', section('Location "/a"', 'authtype "bearer"'), 'main server: 1'],
    ['a Require of another Location', bearer('Location "/a"') . bearer('Location "/ab"', $USER), 'main server: 1'],
    ['a Require of another Directory', bearer('Directory "/srv/a"') . section('Directory /srv/b/', $USER),
        'main server: 1'],
    ['a Require of another host', host('a.example', bearer('Location "/a"')) . host('b.example',
        section('Location "/a"', $USER)), 'virtual host a.example: 1'],
    ['in two hosts', $GRANTED . host('a.example', bearer('Location "/a"')) . host('b.example',
        bearer('Location "/b"') . bearer('Location "/c"')), 'virtual host a.example: 1, virtual host b.example: 2'],
    ['an exception alone', bearer('Directory "/srv"', section('Files "robots.txt"', 'Require all granted')),
        'main server: 1'],
    ['an address alone', bearer('Location "/a"') . section('Location "/"', 'Require ip 192.0.2.1'),
        'main server: 1'],
    ['AllowOverride None', bearer('Location "/a"') . section('Directory "/"', 'AllowOverride None', 'Require local'),
        'main server: 1'],
    ['.htaccess of another folder', bearer('Directory "/srv/a"') . section('Directory "/srv/b"', 'AllowOverride All'),
        'main server: 1'],
    ['a Require that refuses a group', bearer('Location "/a"', section('RequireAll', 'Require all granted',
        'Require not usermgmt-group banned')), 'main server: 1'],
    ['RequireNone', bearer('Location "/a"', section('RequireAll', 'Require all granted',
        section('RequireNone', section('RequireAny', 'Require usermgmt-group banned')))), 'main server: 1'],
    ['a Require of the files that refuses a group', bearer('Location "/a"') . section('Directory "/srv"',
        section('RequireAll', 'Require all granted', 'Require not user eve')), 'main server: 1'],
    ['another AuthType', section('Location "/a"', 'AuthType Basic'), ''],

    ['Require beside it', bearer('Location "/a"', $USER), ''],
    ['Require all granted beside it', bearer('Location "/a"', 'Require all granted'), ''],
    ['RequireAny beside it', bearer('Location "/a"', section('RequireAny', section('RequireAll', 'Require ip 192.0.2.1',
        'Require all granted'))), ''],
    ['a Require that refuses a group beside one that asks', bearer('Location "/a"', section('RequireAll', $USER,
        'Require not usermgmt-group banned')), ''],
    ['an expression that refuses somebody', bearer('Location "/a"', section('RequireAll', 'Require all granted',
        q(Require not expr "'eve' == %{USERMGMT_USERNAME}"))), ''],
    ['a Require that refuses what is not known here', "<AuthzProviderAlias ip bad 192.0.2.1>\n</AuthzProviderAlias>\n"
        . bearer('Location "/a"', section('RequireAll', 'Require all granted', 'Require not bad')), ''],
    ['a Require that refuses an address', bearer('Location "/a"', section('RequireAll', 'Require all granted',
        'Require not ip 192.0.2.1')), ''],
    ['Require for some methods', bearer('Location "/a"', section('LimitExcept GET', $USER)), ''],
    ['Require of files below it', bearer('Directory "/srv"', section('Files "x"', $USER)), ''],
    ['Require around it', section('Directory "/srv"', $USER, bearer('Files "x"')), ''],
    ['Require of a Location below it', bearer('Location "/"') . section('Location "/private"', $USER), ''],
    ['Require of a Location above it', bearer('Location "/a/b"') . section('Location /a/', $USER), ''],
    ['Require of the same Location', bearer('Location "/a"') . section('Location "/a/"', $USER), ''],
    ['Require of an expression for paths', bearer('Location "/a"') . section('LocationMatch "^/(a|b)"', $USER), ''],
    ['Require of a Location with a wild card', bearer('Location "/a"') . section('Location "/*/x"', $USER), ''],
    ['Require of a Location with a tilde', bearer('Location "/a"') . section('Location ~ "/x"', $USER), ''],
    ['Require of a Directory', bearer('Location "/a"') . section('Directory "/srv"', $USER), ''],
    ['Require of Files', bearer('Location "/a"') . section('Files "x"', $USER), ''],
    ['Require of the main server', section('Location "/"', $USER) . host('a.example', bearer('Location "/a"')), ''],
    ['Require of a host, for the main server', bearer('Location "/"') . host('a.example',
        section('Location "/a"', $USER)), ''],
    ['Require of the host', host('a.example', bearer('Location "/"') . section('Directory "/srv"', $USER)), ''],
    ['Require of a name that is not known here', bearer('Location "/"')
        . "<AuthzProviderAlias user people \"alice bob\">\n</AuthzProviderAlias>\n"
        . section('Directory "/srv"', 'Require people'), ''],
    ['Require of this module', bearer('Location "/"') . section('Directory "/srv"', 'Require usermgmt-staff'), ''],
    ['Require of an expression', bearer('Location "/"') . section('Directory "/srv"',
        q(Require expr "%{USERMGMT_STAFF} == '1'")), ''],
    ['an If that looks at the caller', bearer('Location "/"', section(q(If "%{USERMGMT_STAFF} != '1'"),
        'Require all denied')), ''],
    ['AllowOverride AuthConfig', bearer('Location "/a"') . section('Directory "/srv"', 'AllowOverride Limit AuthConfig'),
        ''],
    ['AllowOverride All', bearer('Directory "/srv"') . section('Directory "/srv/a"', 'AllowOverride all'), ''],
    ['AllowOverrideList', bearer('Location "/a"') . section('Directory "/srv"', 'AllowOverrideList AuthName Require'),
        ''],
) {
    my ($what, $lines, $wanted, %with) = @$_;
    my ($status, $output) = UmTest::httpd_t("${GOOD}TraceEnable Off\n$lines", folder => new_setup(), %with);
    my @told = map { host_and_count($_) } $output =~ /UM224: (.*)/g;
    is("$status " . join(', ', sort @told), "0 $wanted", "UM224: $what") or diag($output);
}

{
    my ($status, $output) = UmTest::httpd_t(bearer('Location "/a"'));
    unlike("$status $output", qr/UM224/, 'UM224: not without a key, because the AuthType is that of another module');
    my $host = host('a.example', $GOOD);
    ($status, $output) = UmTest::httpd_t("TraceEnable Off\n" . bearer('Location "/a"') . $host, folder => new_setup());
    like("$status $output", qr/\A0 .*UM224: main server: /s, 'UM224: in the main server, for a host with a key');
    $host = host('$name', bearer('Location "/a"') . section('Location "/b"', $USER));
    ($status, $output) = UmTest::httpd_t("$GOOD<Macro Site \$name>\n$host</Macro>\nUse Site a.example\nUse Site b.example\n",
        folder => new_setup(), modules => ['macro']);
    is(join(' ', $status, sort $output =~ /UM224: virtual host (\S+) \(macro 'site' .* used on line \d+/g),
        '0 a.example b.example', 'UM224: in hosts that a macro makes');
}

# A cookie without a name never has a token.
sub source { return section('Location "/x"', "UserMgmtTokenSource $_[0]") }

for (
    ['of the main server', $GOOD . source('cookie'), 'main server UserMgmtTokenSource cookie'],
    ['behind another one', $GOOD . source('header cookie=x cookie'),
        'main server UserMgmtTokenSource header cookie=x cookie'],
    ['of a host, beside one that has a cookie', $GOOD . host('a.example', source('cookie')) . host('b.example',
        'UserMgmtCookie c'), 'virtual host a.example UserMgmtTokenSource cookie'],
    ['of the main server, where a host has a cookie', $GOOD . source('cookie') . host('b.example', 'UserMgmtCookie c'),
        ''],
    ['with UserMgmtCookie', "${GOOD}UserMgmtCookie c\n" . source('cookie'), ''],
    ['with the cookie of the main server', "${GOOD}UserMgmtCookie c\n" . host('a.example', source('cookie')), ''],
    ['with pages', "${GOOD}${PAGES}UserMgmtPages On\n" . source('cookie'), ''],
    ['with a name', $GOOD . source('cookie=c'), ''],
    ['without a key', source('cookie'), ''],
) {
    my ($what, $lines, $wanted) = @$_;
    my ($status, $output) = UmTest::httpd_t("TraceEnable Off\n$lines", folder => new_setup());
    my @told = map { s/ \(\S+?:\d+\)|://gr } $output =~ /UM225: (.*?): no token/g;
    is("$status @told", "0 $wanted", "UM225: $what") or diag($output);
}

done_testing();
