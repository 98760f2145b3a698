#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# httpd shares one space of names among all modules: ours gives it one name.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmTest;

my ($status, $output) = UmTest::run('nm', '-D', '--defined-only', UmTest::module());
is($status, 0, 'the module can be read') or diag($output);
# The address sanitizer adds a name for each variable that is exported.
my @names = grep { !/\A__odr_asan\./ } map { (split)[-1] } split /\n/, $output;
is("@names", 'usermgmt_module', 'it exports its record and nothing else');

done_testing();
