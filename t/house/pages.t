#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The pages: each language has the texts of English with the same values, templates use texts and parts that exist and
# all of them, and nothing in them is loaded from elsewhere or needs a script. Each error, event, kind of mail and field
# of the tables in the source has a text.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my $FOLDER = 'conf/pages';
my $STYLE_MOST = 12 * 1024;
# Texts that the module looks up by what there is to tell, such as the KEY of ?done=KEY.
my $BY_CODE = qr{\A(?:done|by|device|label|error)\.(\w+)\z};

# ---- texts ---------------------------------------------------------------------------------------------------------

sub catalogue {
    my ($file) = @_;
    my %text;
    my $line = 0;
    for (lines_of($file)) {
        $line++;
        next if /\A(?:#|\z)/;
        my ($key, $value) = /\A([a-z0-9_.]+) = (\S.*?)\z/;
        complain("$file:$line", defined $key ? undef : "is not 'key = text'");
        next if !defined $key;
        complain("$file:$line", defined $text{$key} ? "$key comes twice" : undef);
        complain("$file:$line", $value =~ /[<>]|\s\z/ ? 'has markup, or a blank at the end' : undef);
        $text{$key} = $value;
    }
    return \%text;
}

sub values_of {
    my ($text) = @_;
    return join ' ', sort $text =~ /\{(\w+)\}/g;
}

my $english = catalogue("$FOLDER/messages.en.txt");
my @languages = grep { $_ ne 'en' } map { m{/messages\.([a-z-]+)\.txt\z} } files(qr{\A$FOLDER/messages\.});
is("@languages", 'de es fr', 'the languages that the documentation names');
for my $language (@languages) {
    my $file = "$FOLDER/messages.$language.txt";
    my $other = catalogue($file);
    for my $key (sort keys %{$english}) {
        complain($file, defined $other->{$key} ? undef : "has no $key");
        next if !defined $other->{$key};
        complain("$file: $key", values_of($other->{$key}) eq values_of($english->{$key}) ? undef
            : "has the values '@{[ values_of($other->{$key}) ]}', English '@{[ values_of($english->{$key}) ]}'");
    }
    complain($file, defined $english->{$_} ? undef : "has $_, English has not") for sort keys %{$other};
}
checked('each language has all texts', 500);

# ---- what the tables of the source need ----------------------------------------------------------------------------

my %needed;
sub need {
    my ($family, @names) = @_;
    is(scalar @names > 2, 1, "names of $family are found");
    $needed{"$family.$_"} = 1 for map { lc =~ tr/ -/__/r } grep { defined } @names;
    return;
}
need(error => code('src/core/message.h', strings => 1) =~ /\bMESSAGE\((\w+), "/g);
need(event => code('src/core/event.h', strings => 1) =~ /\bEVENT\(\w+, "(\w+)"/g);
need(mail => code('src/core/mail/mail_kind.h', strings => 1) =~ /^#define UM_MAIL_KIND_\w+ +"(\w+)"/gm);
my ($classes) = code('src/core/throttle_key.c', strings => 1) =~ /um_throttle_class_names\[\] = \{(.*?)\}/s;
need(class => ($classes // '') =~ /"([a-z-]+)"/g);
need(done => map { code($_, strings => 1) =~ /\bkey = "(\w+)"|[?&]done=(\w+)/g } files(qr{\Asrc/http/pages/.*\.c\z}));
need(state => (text('src/store/store_mail_admin.h') =~ m{char \*state; +/\*\*< (.*)\*/})[0] =~ /"([^"]+)"/g);
need(label => text('src/core/account/profile.h') =~ m{FIELD\(/\* name \*/ (\w+),}g);
complain("$FOLDER/messages.en.txt", defined $english->{$_} ? undef : "has no $_") for sort keys %needed;
checked('errors, events, mails, throttles and fields have a text', 100);

# ---- templates -----------------------------------------------------------------------------------------------------

my %uses;
my %included;
my @templates = files(qr{\A$FOLDER/.*\.html\z});
my %is_template = map { $_ => 1 } @templates;
for my $file (@templates) {
    my $text = text($file);
    my @open;
    while ($text =~ /\{\{|\{([#^\/>@]?)([A-Za-z0-9_.]+)\}|(\{)/g) {
        my ($sign, $name, $other) = ($1 // '', $2 // '', $3);
        complain($file, defined $other ? 'has a { that begins nothing' : undef);
        push @open, $name if $sign eq '#' || $sign eq '^';
        complain($file, (pop @open // '') eq $name ? undef : "closes $name, which is not open") if $sign eq '/';
        $included{$name} = $file if $sign eq '>';
        $uses{$name} = $file if $sign eq '@';
    }
    complain($file, @open ? "does not close @open" : undef);
    complain($file, $text =~ m{\bstyle\s*=|<(?:script|style|iframe|object|embed|base)\b|\son\w+\s*=}i
        ? 'has a style or a script of its own' : undef);
    complain($file, $text =~ m{https?:|["'(]//}i ? 'names another site' : undef);
    complain($file, $text =~ m{\btarget\s*=(?!"_blank" rel="noopener")}i ? 'opens a window that can change this one'
                                                                       : undef);
    for my $form ($text =~ m{<form\b.*?(?:</form>|\z)}gs) {
        complain($file, $form !~ /method="post"/ || $form =~ /name="csrf" value="\{csrf\}"/ ? undef
            : 'has a form without the token against CSRF');
    }
}
for my $name (sort keys %included) {
    complain($included{$name}, $is_template{"$FOLDER/$name.html"} ? undef : "includes $name.html, which is not there");
}
for my $key (sort keys %uses) {
    complain($uses{$key}, defined $english->{$key} ? undef : "uses $key, which is in no file of messages");
}
# Names of messages are strings of the pages' source, with or without the family.
my $source = join '', map { code($_, strings => 1) } files(qr{\Asrc/http/pages/.*\.c\z});
my %of_language = map { $_ => 1 } qw(language_name direction);
for my $key (sort keys %{$english}) {
    my $name = $key =~ $BY_CODE ? $1 : undef;
    complain("$FOLDER/messages.en.txt", $uses{$key} || $needed{$key} || $of_language{$key}
        || (defined $name && $source =~ /"(?:\Q$key\E|$name|\S*[?&]done=$name)"/) ? undef
        : "has $key, which nothing uses");
}
checked('templates use what there is, and load nothing from elsewhere', 500);

# ---- style ---------------------------------------------------------------------------------------------------------

my $style = text("$FOLDER/style.css");
cmp_ok(length $style, '<', $STYLE_MOST, 'the style sheet is small');
unlike($style, qr{\@import|url\(|https?:}, 'it loads nothing');
unlike($style, qr{\b(?:margin|padding|border)-(?:left|right)\b|\b(?:left|right):|text-align: (?:left|right)},
    'it knows no left and right, for languages that are written from right to left');
$style =~ s{/\*.*?\*/}{}gs;
my %class = map { $_ => 1 } map { split ' ' } map { s/\{[^}]*\}/ /gr }
    map { text($_) =~ /\bclass="([^"]*)"/g } @templates;
my %styled = map { $_ => 1 } $style =~ /\.([a-z]+)(?=[^{}]*\{)/g;
is(join(' ', grep { !$styled{$_} } sort keys %class), '', 'each class of the templates has a rule');
is(join(' ', grep { !$class{$_} } sort keys %styled), '', 'each rule has a class');

done_testing();
