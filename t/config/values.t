#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# httpd -t refuses a wrong value, and names directive, value, file, line and what is allowed. The cases come from the
# table of directives, so a new directive is tested as soon as it has a row.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;
use UmTest;

my %unit = (number => '', seconds => 's', bytes => '');

sub refused {
    my ($name, $value, $allowed) = @_;
    my ($status, $output) = UmTest::httpd_t("# one\n# two\n$name $value\n");
    my $said = $value =~ /\A[\w-]+\z/ ? "\Q$name $value\E: " : $name;
    my $good = $status && $output =~ /on line \d+ of \S+httpd\.conf:/ && $output =~ /^$said.*$allowed/m;
    ok($good, "$name $value is refused") or diag("$status: $output");
    return;
}

# Each line is read, whatever the next one says, so one httpd tells of all of them.
my @lines;

sub accepted {
    my ($name, $value, $around) = @_;
    push @lines, defined $around ? sprintf($around, "$name $value") : "$name $value\n";
    return;
}

sub all_accepted {
    my ($status, $output) = UmTest::httpd_t(join '', @lines);
    return ok(!$status, @lines . ' lines are accepted') || diag("$status: $output");
}

my %allowed = (number => 'must be a number from', seconds => 'must be a time from', bytes => 'must be a size from');

my @rows = directives();
cmp_ok(scalar @rows, '>', 10, 'the table of directives can be read');
for my $row (@rows) {
    my ($name, $kind, $least, $most) = @$row{qw(name kind least most)};
    my $count = $kind eq 'token_scheme' ? qr/must be Bearer/ : $kind eq 'throttle' ? qr/must be CLASS/
        : $kind eq 'custom_fields' ? qr/must (?:be NAME TYPE|have the type)/
        : $kind eq 'subnets' ? qr/must be none, or name networks/
        : $kind eq 'webhooks' ? qr/must be an address/
        : $kind eq 'pages' ? qr/must be On, On PATH, or Off/
        : $kind eq 'endpoints' ? qr/must be none, or/ : $kind =~ /\A(?:cors_)?origins\z/
        ? qr/must be none, (?:\*, )?or name/
        : qr/takes one argument/;       # httpd itself says the latter
    refused($name, $_, $count) for '""', 'one two';
    if ($allowed{$kind}) {
        my $text = qr/\Q$allowed{$kind}\E \S+ to \S+/;
        refused($name, $_, $text) for $most + 1, '-1', 'many', '1x', '99999999999999999999', $least ? $least - 1 : ();
        accepted($name, $_ . $unit{$kind}) for $least, $most;
    }
    elsif ($kind eq 'flag') {
        refused($name, $_, qr/must be On or Off/) for 'maybe', '1';
    }
    elsif ($kind eq 'text') {
        refused($name, $_, qr/must be/) for "\"tab\there\"", "'a\"b'", "\"\xff\"";
        accepted($name, '"plain text"');
    }
    elsif ($kind eq 'path') {
        accepted($name, $_) for 'none', 'None';
    }
    elsif ($kind eq 'log_file') {
        refused($name, $_, qr/must have a program/) for '"|"', '"|$"', '"||"';
        accepted($name, $_) for 'none', 'NONE', 'logs/audit.log', '"|/bin/cat -u"', '"||/bin/cat"', '"|$exec cat"';
    }
    elsif ($kind eq 'reserved_names') {
        accepted($name, $_) for 'default', 'OFF', 'conf/names.txt';
    }
    elsif ($kind eq 'password_hash') {
        refused($name, "\"$_\"", qr/\S/) for 'md5', 'scrypt ln=0', 'scrypt ln=99', 'scrypt ln=15 ln=15', 'scrypt x=1',
            'scrypt ln=', 'auto ln=15';
        accepted($name, "\"$_\"") for 'auto', 'scrypt', 'scrypt ln=15 r=8 p=3';
    }
    elsif ($kind eq 'endpoints') {
        refused($name, $_, qr/must be none, or/) for '', 'no-such-word', 'none token', 'token none';
        accepted($name, $_) for 'none', 'token', 'Token RESET register', '"token" "reset"';
    }
    elsif ($kind eq 'token_scheme') {
        refused($name, $_, qr/must be Bearer, or Bearer Token/) for '', 'Token', 'Basic', 'Bearer Basic', 'none';
        accepted($name, $_) for 'Bearer', 'bearer TOKEN', 'Token Bearer', '"Bearer" "Token"';
    }
    elsif ($kind eq 'throttle') {
        refused($name, $_, qr/must be CLASS off/) for '', 'sign-in', 'logins off', 'sign-in name 1/s', 'api both 1/s',
            'register account off', 'sign-in address 20', 'sign-in address 0/m', 'sign-in address 20/x',
            'sign-in address 2000/s', 'sign-in address 20/m 0', 'sign-in address 20/m 5 5', 'sign-in both 1/s 16',
            'reset address 1/d 32', 'sign-in address 20/m 5x', 'sign-in address off 20/m', 'default off';
        accepted($name, $_) for 'default', 'Sign-In OFF', 'sign-in account off', 'sign-in address 20/M',
            'sign-in both 60/m 15', 'api address 1000/s 100000', 'reset account 1/d 31', '"reset" "address" "5/h"';
    }
    elsif ($kind eq 'custom_fields') {
        refused($name, $_, qr/must be NAME TYPE/) for '"Phone" text', '1a text', 'a-b text', '"a b" text', 'x' x 41 . ' text';
        refused($name, "$_ text", qr/must have another name/) for qw(id username email password is_staff groups auth_token
            pending_email sub exp sid scope iss non_field_errors created_at invite csrf action none);
        refused($name, $_, qr/must have the type/) for 'phone', 'phone string', 'phone max=3';
        refused($name, $_, qr/must have no options/) for 'phone text long', 'born date max=3', 'phone text max=',
            'phone text max=-1';
        refused($name, $_, qr/must have max=N/) for 'phone text max=0', 'phone text max=4001', 'phone text max=3x',
            'phone text max=256 claim';
        accepted($name, $_) for 'none', 'p1 text', 'p2 TEXT max=4000 Required', 'a_1 integer claim', 'x boolean',
            'born date', 'p3 text max=255 claim', '"p4" "text"';
    }
    elsif ($kind eq 'subnets') {
        refused($name, $_, qr/must be none, or name networks/) for 'localhost', '10.0.0.0/33', '::1/129', 'none ::1';
        accepted($name, $_) for 'none', '127.0.0.1', '10.0.0.0/8 2001:db8::/32 "::1"';
    }
    elsif ($kind eq 'webhooks') {      # more of it: t/config/webhooks.t
        refused($name, $_, qr/must be an address/) for 'no-such-word', 'none x', 'https:///x file';
        accepted($name, $_) for 'none', 'https://a.example/x file', '"https://b.example" "a file" account.*';
    }
    elsif ($kind eq 'pages') {
        refused($name, $_, qr/must be On, On PATH, or Off/) for 'maybe', 'Off /a/', '/account/', 'On /a/ /b/', 'On on x';
        refused($name, "On $_", qr/the path belongs to the API/) for qw(/api/ /api/v1/users/ /api-token-auth/);
        refused($name, "On $_", qr/the path must begin and end with/) for qw(/ // a/ /a /a//b/ //a/ /./ /a/../b/
            /.a/ /%61/ /a;b/ /a:/ http://a.example/), '"/a b/"', "/\xc3\xa9/", '/' . 'a' x 127 . '/';
        accepted($name, $_) for 'On', 'off', 'ON /a/', 'on "/A-b_c.d/e1/"', 'On /' . 'a' x 126 . '/';
    }
    elsif ($kind eq 'cookie') {
        refused($name, $_, qr/must be a name/) for '"a b"', 'a=b', '__Host-x', 'a;b', 'n' x 65;
        accepted($name, $_) for 'none', 'session', 'a.b-c_d';
    }
    elsif ($kind eq 'origins' || $kind eq 'cors_origins') {
        refused($name, $_, qr/must be none, (?:\*, )?or name sites/) for 'example.org', 'https://', 'https://a.example/x',
            'https://a.example null', 'ftp://a.example', 'https://u@a.example';
        accepted($name, $_) for 'none', '"none"', 'https://a.example', 'https://a.example:8443 "http://[::1]:80"',
            $kind eq 'cors_origins' ? ('*', '"*"') : ();
        refused($name, $_, qr/must be none, /) for '* https://a.example', 'https://a.example *';
    }
    else {      # one of a list of words
        refused($name, 'no-such-word', qr/must be .* or /);
    }
}

# The directives of a virtual host are not allowed in a directory, and so not in .htaccess files, which other users may
# write.
for my $row (@rows) {
    my ($status, $output) = UmTest::httpd_t("<Location \"/x\">\n$row->{name} On\n</Location>\n");
    ok($status && $output =~ /\Q$row->{name}\E not allowed/, "$row->{name} is refused in a Location")
        or diag($output);
}

# The directives of directories are allowed there.
my %wrong = (UserMgmtAuthorization => ['forwrad', '""', 'drop drop', '"Basic x" y', "\"Basic \x01\""],
    UserMgmtIdentityHeaders => ['maybe', '""', 'On On', 'id maybe', 'On id', 'id Off'],
    UserMgmtSignInPage => ['', '""', 'maybe', 'auto none', 'auto /a/', '//a.example/', '/a/../b', '"/a b"', '/a#b', 'a/b',
        'ftp://a.example/', 'javascript:x', 'https://', 'https://a.example/#x', 'https://u@a.example/'],
    UserMgmtTokenSource => ['', 'headers', 'header=x', 'cookie=', 'cookie=a;b', 'query', '"query=a b"', 'header body']);
my %right = (UserMgmtAuthorization => ['forward', 'Drop', 'bearer', '"Basic dXNlcjpzZWNyZXQ="'],
    UserMgmtIdentityHeaders => ['On', 'off', 'id', 'Groups username id email staff', 'id id'],
    UserMgmtSignInPage => ['none', 'None', '/login', '"/login?from=here"', 'https://a.example/login?x=y', 'http://[::1]:81/'],
    UserMgmtTokenSource => ['header', 'cookie', 'Header cookie cookie=a.b query=access_token']);
for my $name (map { $_->{name} } dir_directives()) {
    for my $value (@{ $wrong{$name} }) {
        my ($status, $output) = UmTest::httpd_t("<Location \"/x\">\n$name $value\n</Location>\n");
        ok($status && $output =~ /^\Q$name\E .*must/m, "$name $value is refused") or diag("$status: $output");
    }
    for my $value (@{ $right{$name} }) {
        accepted($name, $value, "<Location \"/x\">\n%s\n</Location>\n");
    }
}

# A directive of the main server is refused in a virtual host.
for my $row (grep { ($_->{scope} || '') eq 'GLOBAL' } @rows) {
    my ($status, $output) = UmTest::httpd_t("<VirtualHost *:1>\n$row->{name} $row->{most}\n</VirtualHost>\n");
    ok($status && $output =~ /\Q$row->{name}\E cannot occur within <VirtualHost>/, "$row->{name} is refused in a virtual host")
        or diag($output);
}

# A former name works, and messages name what was typed.
for my $alias (directive_aliases()) {
    my ($former, $kind) = @$alias{qw(former kind)};
    refused($former, 'maybe', $kind eq 'flag' ? qr/must be On or Off/ : qr/must be a \w+ from/);
    accepted($former, $kind eq 'flag' ? 'Off' : '7');
}
all_accepted();

done_testing();
