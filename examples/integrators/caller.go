// SPDX-License-Identifier: Apache-2.0

// Calls each URL that it reads from standard input, and writes the status that came back. Go 1.19
// or later, without modules: `go run caller.go`; SSL_CERT_FILE=ca.pem for a development
// certificate.
package main

import (
    "bufio"
    "encoding/json"
    "fmt"
    "io"
    "math"
    "net/http"
    "net/url"
    "os"
    "strings"
    "sync"
    "time"
)

// Tokens keeps one token at a time, for all goroutines.
type Tokens struct {
    url     string
    form    url.Values
    mutex   sync.Mutex
    token   string
    renewAt time.Time
}

// A redirect is an answer like any other: a secret goes to one address only.
var client = &http.Client{
    Timeout: 30 * time.Second,
    CheckRedirect: func(*http.Request, []*http.Request) error {
        return http.ErrUseLastResponse
    },
}

// Get returns a good token, and not the one that an API refused.
func (t *Tokens) Get(refused string) (string, error) {
    t.mutex.Lock()
    defer t.mutex.Unlock()
    if t.token != "" && t.token != refused && time.Now().Before(t.renewAt) {
        return t.token, nil
    }
    asked := time.Now()
    answer, err := client.PostForm(t.url, t.form)
    if err != nil {
        return "", err
    }
    defer answer.Body.Close()
    if answer.StatusCode != http.StatusOK {
        why, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
        return "", fmt.Errorf("no token: %s %s", answer.Status, why)
    }
    var body struct {
        Token string  `json:"access_token"`
        Life  float64 `json:"expires_in"`
    }
    if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
        return "", err
    }
    life := body.Life - math.Min(30, body.Life/5)
    t.token, t.renewAt = body.Token, asked.Add(time.Duration(life*float64(time.Second)))
    return t.token, nil
}

// Do sends a request whose body, if it has one, can be read again (GetBody).
func (t *Tokens) Do(request *http.Request) (*http.Response, error) {
    refused := ""
    for {
        token, err := t.Get(refused)
        if err != nil {
            return nil, err
        }
        again := request.Clone(request.Context())
        if request.GetBody != nil {
            again.Body, _ = request.GetBody()
        }
        again.Header.Set("Authorization", "Bearer "+token)
        answer, err := client.Do(again)
        if err != nil || refused != "" ||
            !strings.Contains(answer.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
            return answer, err
        }
        answer.Body.Close()
        refused = token
    }
}

func call(tokens *Tokens, address string) error {
    request, err := http.NewRequest("GET", address, nil)
    if err != nil {
        return err
    }
    answer, err := tokens.Do(request)
    if err != nil {
        return err
    }
    defer answer.Body.Close()
    fmt.Println(answer.StatusCode)
    return nil
}

func main() {
    secret, err := os.ReadFile(os.Getenv("SECRET_FILE"))
    tokens := &Tokens{url: os.Getenv("TOKEN_URL"), form: url.Values{
        "grant_type":    {"client_credentials"},
        "client_id":     {os.Getenv("CLIENT_ID")},
        "client_secret": {strings.TrimSpace(string(secret))},
    }}
    lines := bufio.NewScanner(os.Stdin)
    for err == nil && lines.Scan() {
        err = call(tokens, strings.TrimSpace(lines.Text()))
    }
    if err != nil {
        fmt.Fprintln(os.Stderr, err)
        os.Exit(1)
    }
}
