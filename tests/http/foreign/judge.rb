#!/usr/bin/ruby
# SPDX-License-Identifier: Apache-2.0
# Judges a token by ruby-jwt: a question as JSON on standard input, the claims as JSON on standard
# output, or an error. Of Debian 12's ruby-jwt the key sets know no Ed25519, so that such a key is
# made by hand.
require 'json'
require 'base64'
require 'jwt'
require 'rbnacl'

question = JSON.parse($stdin.read)

def key_of(jwk)
  return JWT::JWK.import(jwk).keypair unless jwk['kty'] == 'OKP'

  RbNaCl::Signatures::Ed25519::VerifyKey.new(Base64.urlsafe_decode64(jwk['x']))
end

options = { algorithm: question['alg'], iss: question['issuer'], verify_iss: true,
            aud: question['audience'], verify_aud: true }
claims, = JWT.decode(question['token'], nil, true, options) do |header|
  key_of(question['jwks']['keys'].find { |jwk| jwk['kid'] == header['kid'] })
end
puts JSON.generate(claims)
