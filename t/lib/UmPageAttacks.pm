# SPDX-License-Identifier: Apache-2.0
package UmPageAttacks;
# What the suites share that attack the pages of UserMgmtPages: browsers whose every byte can be chosen, the tables of
# pages and acts as the source has them, and rules that hold for each answer of the pages, whatever was asked.
#
#   my $site = attacked_site(<<'END');              # as pages_site() of UmPages
#   my ($browser, $account) = person(staff => 1);   # who has just signed in
#   my $answer = post($browser, 'email/', { email => 'x' }, csrf => undef);   # a form, byte for byte as said
#   attacks_done();                                 # reports the answers that broke a rule
use strict;
use warnings;
use Exporter 'import';
use Test::More;
use UmApi;
use UmCase;
use UmLocations;
use UmPages;
use UmTest ();

our @EXPORT = qw(attacked_site attacks_done person sign_in_as post csrf_of cookies_of is_signed_in snapshot is_unchanged
    secret text_of input_of acts pages path_of_page raw leads_to hold EVIL);

use constant EVIL => 'evil.example';

my $PLAIN = 'application/x-www-form-urlencoded';
my $site;
my (@broken, @secrets);

# ---- rules for each answer -------------------------------------------------------------------------------------------

my %HEAD = (
    'content-security-policy' => "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        . "frame-ancestors 'none'; base-uri 'none'",
    'x-frame-options' => 'DENY',
    'x-content-type-options' => 'nosniff',
    'cross-origin-opener-policy' => 'same-origin',
    'cache-control' => 'no-store',
);

my %TAG = map { $_ => 1 } qw(html head meta title link body a header div span form input button main h1 h2 section p
    dl dt dd ul li nav footer label small strong select option table thead tbody tr th td details summary br time
    datalist);
my %ATTRIBUTE = map { $_ => 1 } qw(lang dir charset name content rel href class id tabindex method action novalidate
    type value required maxlength autocomplete autocapitalize spellcheck inputmode role autofocus for hidden readonly
    checked selected datetime data-label scope open list target);

sub faults_of_attribute {
    my ($name, $value) = @_;
    return "attribute $name" unless $ATTRIBUTE{$name} || $name =~ /\Aaria-[a-z]+\z/;
    return "$name=$value" if $name eq 'href' && $value !~ m{\A(?:/(?![/\\])|#)};
    return "$name=$value" if $name eq 'action' && $value !~ m{\A\Q$PAGES\E};
    return;
}

# What a page has that no template has: unknown tags and attributes, marks outside of tags, links to elsewhere.
sub faults_of_html {
    my ($html) = @_;
    my @wrong;
    push @wrong, 'no doctype' unless $html =~ s/\A<!doctype html>\n//;
    while ($html =~ /\G(?:[^<>]+|<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"<>]*")?)*)\s*>|(.))/gcs) {
        my ($tag, $attributes, $stray) = ($2, $3, $4);
        push @wrong, "stray $stray" if defined $stray;
        push @wrong, "tag $tag" if defined $tag && !$TAG{$tag};
        next unless defined $tag;
        push @wrong, faults_of_attribute($1, defined $2 ? $2 : '') while $attributes =~ /([a-z-]+)(?:="([^"]*)")?/g;
    }
    push @wrong, 'control characters' if $html =~ /[\x00-\x09\x0b-\x1f\x7f]/;
    push @wrong, 'not UTF-8' unless utf8::decode(my $copy = $html);
    return @wrong;
}

# Holds an answer of the pages against the rules for all of them.
sub hold {
    my ($what, $answer) = @_;
    my $head = $answer->{head};
    return $answer if $answer->{status} == 400 && $answer->{body} =~ /^<p>Your browser sent a request/m;   # httpd's own
    my @wrong = $answer->{status} ? () : 'no answer';
    push @wrong, "status $answer->{status}" if $answer->{status} >= 500 && $answer->{status} != 503;
    for my $name (sort keys %HEAD) {
        my @values = @{ $head->{$name} || [] };
        push @wrong, "$name: @values" unless "@values" eq $HEAD{$name};
    }
    my @referrer = @{ $head->{'referrer-policy'} || [] };
    push @wrong, "referrer-policy: @referrer" unless "@referrer" =~ /\A(?:same|strict)-origin\z/;
    for (@{ $head->{location} || [] }) {
        push @wrong, "Location: $_" unless m{\A/(?![/\\])[!-~]*\z} && !/\\/;
    }
    push @wrong, 'a header of the attacker' if grep { /evil/ } keys %$head;
    push @wrong, "Set-Cookie: $_"
        for grep { !/; HttpOnly; SameSite=Lax(?:; Secure)?\z/ } @{ $head->{'set-cookie'} || [] };
    if (length $answer->{body}) {
        my $type = ($head->{'content-type'} || [''])->[0];
        push @wrong, "Content-Type: $type" unless $type eq 'text/html; charset=utf-8';
        push @wrong, faults_of_html($answer->{body});
        push @wrong, 'a secret' if grep { index($answer->{body}, $_) >= 0 } @secrets;
    }
    push @broken, "$what -> $answer->{status}: " . join ', ', @wrong if @wrong;
    return $answer;
}

# Remembers a text that no page and no log may have, and returns it.
sub secret { push @secrets, @_; return $_[0] }

sub attacks_done {
    is(join("\n", @broken), '', 'every answer kept the rules for all pages');
    my $log = $site->{server}->log;
    is_deeply([grep { index($log, $_) >= 0 } @secrets], [], 'no secret is in the log');
    is($site->{server}->crashes, '', 'no process of the server crashed');
    cases_done();
    return;
}

# ---- the server and its people ---------------------------------------------------------------------------------------

sub attacked_site {
    $site = pages_site(@_);
    no warnings 'redefine';
    my $ask = \&UmLocations::ask;
    *UmPages::ask = sub {
        my $answer = $ask->(@_);
        return $_[1] =~ m{\A\Q$PAGES\E(?!style\.css)} ? hold("$_[0] $_[1]", $answer) : $answer;
    };
    return $site;
}

my $people = 0;

sub sign_in_as {
    my ($account, %with) = @_;
    my $browser = UmPages->new(%{ $with{browser} || {} });
    $browser->go("${PAGES}sign-in/");
    my $page = $browser->send({ username => $account->{username}, password => $account->{password} },
        headers => $with{headers} || []);
    die "$account->{username} cannot sign in: $page->{status} $page->{body}\n" unless $page->{path} eq $PAGES;
    return $browser;
}

# A person who has just signed in with a browser.
sub person {
    my (%with) = @_;
    my $name = $with{name} || 'victim' . join '', map { chr 97 + $_ } split //, ++$people;
    my $account = { %{ enrol($name, %with) }, username => $name };
    secret($account->{password});
    return (sign_in_as($account), $account);
}

sub is_signed_in { my ($browser) = @_; return $browser->request(GET => $PAGES)->{status} == 200 }

# ---- requests --------------------------------------------------------------------------------------------------------

sub cookies_of {
    my ($browser) = @_;
    return join '; ', map { "$_=$browser->{cookies}{$_}" } sort keys %{ $browser->{cookies} };
}

# A right token for the forms of a browser.
sub csrf_of {
    my ($browser) = @_;
    my $answer = $browser->request(GET => "${PAGES}verify/");
    my ($token) = $answer->{body} =~ /name="csrf" value="([\w-]+)"/ or die "no form: $answer->{status}\n";
    return $token;
}

# Sends a form to a page, without following. csrf: another token, undef: none. headers: in place of the Origin of this
# host. cookie: in place of the browser's. query, type and body: for what no browser sends. The browser's cookies stay.
sub post {
    my ($browser, $path, $fields, %with) = @_;
    my %fields = (csrf => exists $with{csrf} ? $with{csrf} : csrf_of($browser), %$fields);
    my $cookie = exists $with{cookie} ? $with{cookie} : cookies_of($browser);
    delete $fields{csrf} unless defined $fields{csrf};
    my @headers = @{ $with{headers} || ['Origin: http://localhost'] };
    push @headers, "Cookie: $cookie" if defined $cookie && length $cookie;
    my $body = exists $with{body} ? $with{body} : UmPages::form_text(%fields);
    my @body = defined $body ? (body => $body, type => exists $with{type} ? $with{type} : $PLAIN) : ();
    return UmPages::ask($with{method} || 'POST', $PAGES . $path . ($with{query} || ''), @body, headers => \@headers);
}

# The bytes of a request as they are, and its answer.
sub raw {
    my ($bytes) = @_;
    my $socket = UmApi::connection($site->{server}{port});
    my $got = exchange($bytes, socket => $socket, answers => 1, quiet => 20);
    return answers($got)->[0] || { status => 0, head => {}, body => '', bytes => $got };
}

sub leads_to { my ($answer) = @_; return ($answer->{head}{location} || ['nowhere'])->[0] }

sub text_of { return UmPages::text($_[0]) }

# The value of a field as a page shows it.
sub input_of {
    my ($page, $name) = @_;
    my ($value) = $page->{body} =~ /<input\b[^>]*\bname="$name"[^>]*\bvalue="([^"]*)"/;
    return defined $value ? UmPages::unescape($value) : undef;
}

# ---- what an attack would change -------------------------------------------------------------------------------------

sub snapshot {
    return join "\n", map { $site->{database}{sql}->($_) } (
        'select id, username, first_name, last_name, email, password, is_active, is_staff, custom from um_users'
            . ' order by id',
        'select id, user_id, expires_at from um_sessions order by id', 'select name from um_groups order by name',
        'select user_id, group_id from um_memberships order by user_id, group_id');
}

sub is_unchanged {
    my ($before, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is(snapshot(), $before, $name);
}

# ---- the tables of the source ----------------------------------------------------------------------------------------

sub rows {
    my ($file) = @_;
    my $text = UmTest::slurp(UmTest::sources() . "/src/http/pages/$file");
    my ($table) = $text =~ /^static const um_page(?:_act)?_t \w+\[\] = \{\n(.*?)^\};/ms or die "no table in $file\n";
    my @rows;
    while ($table =~ /^    \{ (.*?) \},$/msg) {
        my $row = $1;
        push @rows, { map { s/\A"|"\z//gr } $row =~ /\.(\w+) = ("[^"]*"|[^,]+)/g };
    }
    return @rows;
}

# All pages, each { path, name, ... }, and all acts, each { page, action, ... }.
sub pages { return rows('page_route.c') }
sub acts { return rows('page_act.c') }

sub path_of_page {
    my ($name) = @_;
    my ($page) = grep { $_->{name} eq $name } pages();
    return $page ? $page->{path} : die "no page $name\n";
}

1;
