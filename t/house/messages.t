#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A message to clients stands in src/core/message.h and nowhere else in the source, each is used, and docs/api.md and
# docs/openapi.yaml have its code. docs/api.md has its text too; that of the messages of groups, which only the program
# usermgmt shows, is in docs/accounts.md.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my %used;
my %literal;
for my $file (files(qr{\A(?:src/.*|mod_usermgmt)\.[ch]\z})) {
    next if $file eq 'src/core/message.h';
    my $code = code($file, strings => 1);
    $used{$1} = 1 while $code =~ /\bUM_MESSAGE_(\w+)/g;
    # Adjacent literals are one text.
    $code =~ s/"\s*"//g;
    push @{ $literal{$1} }, $file while $code =~ /"((?:[^"\\\n]|\\.)*)"/g;
}

my ($rows) = code('src/core/message.h', strings => 1) =~ /^#define UM_MESSAGES\(MESSAGE\)((?:.*\\\n)+.*)/m;
my $count = () = $rows =~ /\bMESSAGE\(/g;
my $read = 0;
my %documented = map { ($_ => 1) } text('docs/api.md') =~ /`([a-z_]+)`/g;
# Documents wrap their lines.
my %document = map { ($_ => text($_) =~ s/\s+/ /gr) } 'docs/api.md', 'docs/accounts.md';
my %described = map { ($_ => 1) } text('docs/openapi.yaml') =~ /^ +- '?([a-z_]+)'?$/gm;
while ($rows =~ /\bMESSAGE\((\w+), "([a-z_]+)",(?: |\s*\\\n\s*)"((?:[^"\\\n]|\\.)+)"\)/g) {
    my ($name, $code, $text) = ($1, $2, $3);
    $read++;
    complain("UM_MESSAGE($name)", $used{$name} ? undef : 'is used nowhere');
    complain('docs/api.md', $documented{$code} ? undef : "does not document the code `$code`");
    complain('docs/openapi.yaml', $described{$code} ? undef : "has no code $code in an enum of problem details");
    next if $text eq '%s';
    my $document = $name =~ /\AGROUP_/ ? 'docs/accounts.md' : 'docs/api.md';
    my $pattern = join '[^`]+?', map { quotemeta } split /%s/, $text =~ s/\\"/"/gr, -1;
    complain($document, $document{$document} =~ /$pattern/ ? undef : "does not have the message \"$text\"");
    # What is left of the text beside its value must not be part of a literal either.
    my ($longest) = sort { length $b <=> length $a } split /%s/, $text;
    for my $other (sort keys %literal) {
        complain("UM_MESSAGE($name)", index($other, $longest) < 0 ? undef : "its text stands in @{ $literal{$other} } too");
    }
}
is($read, $count, 'every row of message.h is understood');
checked('a message has one place, and a use', 1000);

done_testing();
