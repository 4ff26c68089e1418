// SPDX-License-Identifier: Apache-2.0

// Judges a token by golang-jwt: a question as JSON on standard input, the claims as JSON on
// standard output, or an error. The library reads no key sets, so that this does.
package main

import (
    "crypto/ecdsa"
    "crypto/ed25519"
    "crypto/elliptic"
    "crypto/rsa"
    "encoding/base64"
    "encoding/json"
    "errors"
    "fmt"
    "math/big"
    "os"

    "github.com/golang-jwt/jwt"
)

type jwk struct{ Kid, Kty, N, E, X, Y string }

type question struct {
    Token, Alg, Issuer, Audience string
    Jwks                         struct{ Keys []jwk }
}

func bytesOf(text string) []byte {
    decoded, err := base64.RawURLEncoding.DecodeString(text)
    if err != nil {
        fail(err)
    }
    return decoded
}

func number(text string) *big.Int {
    return new(big.Int).SetBytes(bytesOf(text))
}

func (key jwk) public() interface{} {
    switch key.Kty {
    case "RSA":
        return &rsa.PublicKey{N: number(key.N), E: int(number(key.E).Int64())}
    case "EC":
        return &ecdsa.PublicKey{Curve: elliptic.P256(), X: number(key.X), Y: number(key.Y)}
    }
    return ed25519.PublicKey(bytesOf(key.X))
}

func (asked question) find(token *jwt.Token) (interface{}, error) {
    for _, key := range asked.Jwks.Keys {
        if key.Kid == token.Header["kid"] {
            return key.public(), nil
        }
    }
    return nil, errors.New("no such key")
}

func fail(err error) {
    fmt.Fprintln(os.Stderr, err)
    os.Exit(1)
}

func main() {
    var asked question
    if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
        fail(err)
    }
    claims := jwt.MapClaims{}
    parser := jwt.NewParser(jwt.WithValidMethods([]string{asked.Alg}), jwt.WithJSONNumber())
    if _, err := parser.ParseWithClaims(asked.Token, claims, asked.find); err != nil {
        fail(err)
    }
    if !claims.VerifyAudience(asked.Audience, true) || !claims.VerifyIssuer(asked.Issuer, true) {
        fail(errors.New("not for this audience, or of another issuer"))
    }
    if err := json.NewEncoder(os.Stdout).Encode(claims); err != nil {
        fail(err)
    }
}
