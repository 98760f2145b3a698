# SPDX-License-Identifier: Apache-2.0
package UmCase;
# A suite that is cut into cases, each of which can run alone:
#
#   case 'an account can be read by its owner' => sub { is(...); ... };
#   cases_done();       # in the place of done_testing(); UmApi's api_done() calls it
#
# A case makes the accounts that it needs and depends on no other case. All run unless a pattern says which:
# ./runtests --only sqlite3/api/profile --case owner, or prove FILE :: owner.
use strict;
use warnings;
use Exporter 'import';
use Test::More;

our @EXPORT = qw(case cases_done all_cases);

my @wanted = grep { defined && length } @ARGV, $ENV{UM_TEST_CASE};
my ($known, $run) = (0, 0);

sub case {
    my ($name, $code) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $known++;
    return if @wanted && !grep { $name =~ /$_/i } @wanted;
    $run++;
    return subtest($name => $code);
}

# Whether all cases are run.
sub all_cases { return !@wanted }

# A pattern that no case of a suite matches is a slip.
sub cases_done {
    fail("a case of this suite matches @wanted") if $known && !$run;
    done_testing();
    return;
}

1;
