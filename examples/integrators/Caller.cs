// SPDX-License-Identifier: Apache-2.0
//
// Calls each URL that it reads from standard input, and writes the status that came back. .NET 8
// or later, as the Program.cs of `dotnet new console`. A development certificate goes into the
// system's trust (on Linux also SSL_CERT_FILE=ca.pem).
using System.Net.Http.Headers;
using System.Text.Json;

static string Setting(string name) =>
    Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException(name);

var caller = new Caller(Setting("TOKEN_URL"), Setting("CLIENT_ID"),
    File.ReadAllText(Setting("SECRET_FILE")).Trim());
while (Console.ReadLine() is { } line)
{
    using var answer = await caller.CallAsync(() => new HttpRequestMessage(HttpMethod.Get, line));
    Console.WriteLine((int)answer.StatusCode);
}

sealed class Caller(string url, string id, string secret)
{
    // A redirect is an answer like any other: a secret goes to one address only.
    readonly HttpClient http = new(new HttpClientHandler { AllowAutoRedirect = false })
    {
        Timeout = TimeSpan.FromSeconds(30),
    };
    readonly SemaphoreSlim gate = new(1);
    string? token;
    long renewAt;

    // A good token, and not the one that an API refused; one asks, the others wait.
    async Task<string> TokenAsync(string? refused)
    {
        await gate.WaitAsync();
        try
        {
            if (token is not null && token != refused && Environment.TickCount64 < renewAt)
            {
                return token;
            }
            long asked = Environment.TickCount64;
            using var form = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = "client_credentials",
                ["client_id"] = id,
                ["client_secret"] = secret,
            });
            using var answer = await http.PostAsync(url, form);
            string text = await answer.Content.ReadAsStringAsync();
            if (!answer.IsSuccessStatusCode)
            {
                throw new InvalidOperationException($"no token: {(int)answer.StatusCode} {text}");
            }
            using var body = JsonDocument.Parse(text);
            double life = body.RootElement.GetProperty("expires_in").GetDouble();
            token = body.RootElement.GetProperty("access_token").GetString()!;
            renewAt = asked + (long)(1000 * (life - Math.Min(30, life / 5)));
            return token;
        }
        finally
        {
            gate.Release();
        }
    }

    public async Task<HttpResponseMessage> CallAsync(Func<HttpRequestMessage> make)
    {
        string used = await TokenAsync(null);
        var answer = await SendAsync(make(), used);
        if (!answer.Headers.WwwAuthenticate.ToString().Contains("error=\"invalid_token\""))
        {
            return answer;
        }
        answer.Dispose();
        return await SendAsync(make(), await TokenAsync(used));
    }

    Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, string bearer)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        return http.SendAsync(request);
    }
}
