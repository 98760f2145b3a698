# SPDX-License-Identifier: Apache-2.0
package UmPages;
# A browser without scripts, for the pages of UserMgmtPages on the server of UmLocations: it keeps cookies, follows
# redirects and sends forms with their hidden fields.
#
#   pages_site(<<'END');                    # as locations() of UmLocations, with UserMgmtPages On
#   my $browser = UmPages->new;
#   my $page = $browser->go('/account/sign-in/');       # status, head, body, path: where it ended
#   $page = $browser->send({ username => 'alice', password => 'x' });   # the form of the last page
#   $browser->send({ session => $id }, form => qr/"end"/);             # the form that contains this
use strict;
use warnings;
use Exporter 'import';
use UmLocations;
use UmTest ();

our @EXPORT = qw(pages_site $PAGES);
our $PAGES = '/account/';

sub pages_site {
    my ($lines, %with) = @_;
    my $templates = UmTest::sources() . '/conf/pages';
    return locations(<<"END" . ($lines || ''), %with);
UserMgmtPages On
UserMgmtPagesTemplates "$templates"
END
}

sub new {
    my ($class, %with) = @_;
    return bless { cookies => {}, language => 'en', %with }, $class;
}

sub unescape {
    my ($text) = @_;
    my %mark = (amp => '&', lt => '<', gt => '>', quot => '"', '#39' => "'", '#x27' => "'");
    return $text =~ s/&(#?\w+);/exists $mark{$1} ? $mark{$1} : "&$1;"/ger;
}

sub form_text {
    my (%fields) = @_;
    my $code = sub { $_[0] =~ s/([^A-Za-z0-9_.-])/sprintf '%%%02X', ord $1/ger };
    return join '&', map { $code->($_) . '=' . $code->($fields{$_}) } sort keys %fields;
}

# One request, without following where it leads.
sub request {
    my ($self, $method, $path, %with) = @_;
    my @headers = ("Accept: text/html,application/xhtml+xml", "Accept-Language: $self->{language}",
        'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: same-origin', @{ delete $with{headers} || [] });
    my @cookies = grep { defined $self->{cookies}{$_} } sort keys %{ $self->{cookies} };
    push @headers, 'Cookie: ' . join '; ', map { "$_=$self->{cookies}{$_}" } @cookies if @cookies;
    push @headers, 'Origin: http://localhost' if $method eq 'POST' && !grep { /^Origin:/ } @headers;
    my $answer = ask($method, $path, %with, headers => \@headers);
    for my $cookie (@{ $answer->{head}{'set-cookie'} || [] }) {
        my ($name, $value, $rest) = $cookie =~ /\A([^=]+)=([^;]*)(.*)\z/ or next;
        if ($rest =~ /Max-Age=0\b/) { delete $self->{cookies}{$name} }
        else { $self->{cookies}{$name} = $value }
    }
    return { %$answer, path => $path };
}

sub follow {
    my ($self, $answer) = @_;
    for (1 .. 5) {
        last unless $answer->{status} =~ /\A30[1-8]\z/ && $answer->{head}{location};
        my $to = $answer->{head}{location}[0] =~ s{\Ahttps?://[^/]+}{}r;
        $answer = $self->request(GET => $to);
    }
    $self->{page} = $answer;
    return $answer;
}

sub go {
    my ($self, $path, %with) = @_;
    return $self->follow($self->request(GET => $path, %with));
}

# The forms of a page: action and hidden fields.
sub forms {
    my ($page) = @_;
    my @forms;
    while ($page->{body} =~ m{<form\b([^>]*)>(.*?)</form>}gs) {
        my ($head, $inner) = ($1, $2);
        my ($action) = $head =~ /\baction="([^"]*)"/;
        my ($method) = $head =~ /\bmethod="([^"]*)"/;
        my %fields;
        while ($inner =~ m{<(?:input|button)\b([^>]*)>}g) {
            my $input = $1;
            my ($type) = $input =~ /\btype="([^"]*)"/;
            my ($name) = $input =~ /\bname="([^"]*)"/;
            my ($value) = $input =~ /\bvalue="([^"]*)"/;
            next unless defined $name && (($type || '') eq 'hidden' || ($type || '') eq 'text' || ($type || '') eq 'email');
            $fields{$name} = unescape(defined $value ? $value : '');
        }
        push @forms, { action => defined $action ? unescape($action) : undef, method => uc($method || 'GET'),
            fields => \%fields, text => $inner, head => $head };
    }
    return @forms;
}

# The form of the page's main part that would be sent: its path and all its fields.
sub form {
    my ($self, $fields, %with) = @_;
    my $main = { %{ $self->{page} }, body => $self->{page}{body} =~ /(<main\b.*<\/main>)/s };
    my ($form) = grep { $_->{method} eq 'POST' && (!$with{form} || "$_->{head}$_->{text}" =~ $with{form}) } forms($main);
    die "the page $self->{page}{path} has no such form\n" unless $form;
    my %all = (%{ $form->{fields} }, %$fields);
    defined $all{$_} or delete $all{$_} for keys %all;
    my $action = $form->{action};
    $action = $self->{page}{path} unless defined $action && length $action;
    return ($action, \%all);
}

# Sends a form of the last page; follow => 0: without following where the answer leads.
sub send {
    my ($self, $fields, %with) = @_;
    my ($action, $all) = $self->form($fields, %with);
    my $answer = $self->request(POST => $action, form => form_text(%$all), headers => $with{headers} || []);
    return defined $with{follow} && !$with{follow} ? $answer : $self->follow($answer);
}

# The text of a page without its marks.
sub text {
    my ($page) = @_;
    my $text = $page->{body};
    $text =~ s/<[^>]*>/ /g;
    $text = unescape($text);
    $text =~ s/\s+/ /g;
    return $text;
}

1;
