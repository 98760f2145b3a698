#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What follows from a row without further source is documented all the same: fields of an account, kinds of mail, kinds of
# events, steps of the schema. Directives, endpoints and messages have tests of their own.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

# Whether the page has the text of a row.
sub told {
    my ($page, $pattern, $what) = @_;
    complain($page, text($page) =~ $pattern ? undef : "does not document $what");
    return;
}

my $profile = code('src/core/account/profile.h', strings => 1);
my @fields = $profile =~ /^    FIELD\(\s*(\w+),.*?,\s*(PRIVATE|VARIABLE|HEADER|HEADER_ON)\)/gms;
is(scalar @fields / 2, scalar(() = $profile =~ /^    FIELD\(/gm), 'every field of the profile is read');
while (my ($name, $identity) = splice @fields, 0, 2) {
    told('docs/api.md', qr/^(?:\*\*`\w+`\*\*, )*\*\*`$name`\*\*/m, "the field $name");
    my ($account) = text('docs/openapi.yaml') =~ /^    Account:\n(.*?)^    \w/ms;
    complain('docs/openapi.yaml', ($account || '') =~ /^        $name:/m ? undef : "has no property $name of Account");
    told('docs/directives.md', qr/`USERMGMT_\U$name\E`/, "the variable of $name") unless $identity eq 'PRIVATE';
    told('docs/directives.md', qr/^\| `$name` +\| `X-Usermgmt-\u$name`/m, "the header of $name")
        if $identity =~ /\AHEADER/;
}
checked('the fields of an account are documented', 13);

my %kind = code('src/core/mail/mail_kind.h', strings => 1) =~ /^#define (UM_MAIL_KIND_\w+)\s+"(\w+)"$/gm;
my @rows = code('src/core/mail/mail_kind.c') =~ /\.name = (\w+),/g;
is(join(' ', sort @rows), join(' ', sort keys %kind), 'every name of a kind of mail has its row');
told('docs/operations.md', qr/^\| `$kind{$_}` +\|/m, "the kind of mail $kind{$_}") for sort keys %kind;
checked('the kinds of mail are documented', 4);

my ($events) = code('src/core/event.h', strings => 1) =~ /^#define UM_EVENTS\(EVENT\)((?:.*\\\n)+.*)/m;
my @kept = $events =~ /"(\w+)", KEPT,/g;
my ($listed) = text('docs/openapi.yaml') =~ /^        event:\n +type: string\n +enum:\n((?: +- \w+\n)+)/m;
is(join(' ', sort(($listed || '') =~ /- (\w+)/g)), join(' ', sort @kept),
    'docs/openapi.yaml lists the kinds of events that are kept');

my %step;
$step{ stem($_) }{$_} = 1 for files(qr{\Asql/(?:pgsql|sqlite3)/.*\.sql\z});
for my $name (sort keys %step) {
    complain("sql/*/$name.sql", keys %{ $step{$name} } == 2 ? undef : 'is a step of one database only');
    told('docs/operations.md', qr/^\| $name +\|/m, "the step $name");
}
checked('the steps of the schema are documented', 20);

done_testing();
