#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Judges a token by Crypt::JWT: a question as JSON on standard input, the claims as JSON on standard
# output, or an error.
use strict;
use warnings;
use Crypt::JWT qw(decode_jwt);
use JSON;

my $question = decode_json(do { local $/; <STDIN> });
my $audience = $question->{audience};
my $claims = decode_jwt(
    token        => $question->{token},
    kid_keys     => $question->{jwks},
    accepted_alg => $question->{alg},
    verify_exp   => 1,
    verify_iss   => $question->{issuer},
    verify_aud   => sub {
        my $aud = shift;
        return scalar grep { $_ eq $audience } ref $aud ? @$aud : $aud;
    },
);
print encode_json($claims);
