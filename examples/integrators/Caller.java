// SPDX-License-Identifier: Apache-2.0
//
// Calls each URL that it reads from standard input, and writes the status that came back. Java 17
// or later, without libraries: `java Caller.java`; read the answer with the JSON library that you
// have. A development certificate goes into a trust store by `keytool -importcert`:
// -Djavax.net.ssl.trustStore=FILE -Djavax.net.ssl.trustStorePassword=…
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Caller {
    private static final Pattern TOKEN = Pattern.compile("\"access_token\"\\s*:\\s*\"([^\"]+)\"");
    private static final Pattern LIFE = Pattern.compile("\"expires_in\"\\s*:\\s*(\\d+)");
    private final HttpClient http = HttpClient.newBuilder()
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(Duration.ofSeconds(10)).build();
    private final URI url;
    private final String form;
    private String token;
    private long renewAt;

    Caller(String url, String id, String secret) {
        this.url = URI.create(url);
        form = "grant_type=client_credentials&client_id=" + encode(id)
                + "&client_secret=" + encode(secret);
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static String find(Pattern pattern, String body) {
        Matcher matcher = pattern.matcher(body);
        if (!matcher.find()) {
            throw new IllegalStateException("no token: the answer has no " + pattern);
        }
        return matcher.group(1);
    }

    /** A good token, and not the one that an API refused; one thread asks, the others wait. */
    synchronized String token(String refused) throws Exception {
        if (token == null || token.equals(refused) || System.nanoTime() - renewAt >= 0) {
            long asked = System.nanoTime();
            HttpRequest request = HttpRequest.newBuilder(url).timeout(Duration.ofSeconds(10))
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .POST(HttpRequest.BodyPublishers.ofString(form)).build();
            HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IllegalStateException(
                        "no token: " + answer.statusCode() + " " + answer.body());
            }
            long life = Long.parseLong(find(LIFE, answer.body())) * 1_000_000_000L;
            token = find(TOKEN, answer.body());
            renewAt = asked + life - Math.min(30_000_000_000L, life / 5);
        }
        return token;
    }

    HttpResponse<String> call(HttpRequest.Builder request) throws Exception {
        String used = token(null);
        HttpResponse<String> answer = send(request, used);
        boolean refused = answer.headers().firstValue("WWW-Authenticate").orElse("")
                .contains("error=\"invalid_token\"");
        return refused ? send(request, token(used)) : answer;
    }

    private HttpResponse<String> send(HttpRequest.Builder request, String bearer)
            throws Exception {
        return http.send(request.setHeader("Authorization", "Bearer " + bearer)
                .timeout(Duration.ofSeconds(30)).build(), BodyHandlers.ofString());
    }

    public static void main(String[] arguments) throws Exception {
        String secret = Files.readString(Path.of(System.getenv("SECRET_FILE"))).strip();
        Caller caller = new Caller(System.getenv("TOKEN_URL"), System.getenv("CLIENT_ID"), secret);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            URI api = URI.create(line.strip());
            System.out.println(caller.call(HttpRequest.newBuilder(api)).statusCode());
        }
    }
}
