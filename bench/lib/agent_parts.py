# SPDX-License-Identifier: Apache-2.0
"""What is measured of the agent."""
import gate_parts
import scene
from measure import CONNECTIONS

SERVER = """
    caregate_profile bench {{
        token_url {token_url};
        client_id {client};
        secret_file {secret};
        destinations http://127.0.0.1:{upstream};
    }}
    server {{
        listen 127.0.0.1:{port};
        location /attached/ {{
            caregate_attach bench;
            proxy_pass http://api;
        }}
        location /plain/ {{ proxy_pass http://api; }}
    }}
"""


class AgentScene(scene.Scene):
    """With an agent, whose issuer is the same nginx's, at a port of its own."""

    def on_board(self, clients):
        self.agent_port = scene.free_port()
        super().on_board(clients)

    def more_servers(self):
        return SERVER.format(token_url=self.token_url, client=self.credentials[0][0],
                             secret=self.secret_file, upstream=self.upstream.port,
                             port=self.agent_port)


def part_agent(bench):
    """calls through the agent with a token that it keeps against plain proxy_pass"""
    with bench.scene_of_its_own(AgentScene, "agent"):
        url = f"http://127.0.0.1:{bench.scene.agent_port}"
        places = {"plain": f"{url}/plain/", "gated": f"{url}/attached/"}
        rounds = gate_parts.gate_rounds(bench, None, CONNECTIONS, places=places)
    bench.ratio("agent, token that it keeps, against proxy_pass", "agent_ratio",
                [attached["per_s"] / plain["per_s"] for plain, attached in rounds], "0.95")
    bench.ratio("  the same, by the worker's processor time", "agent_cpu_ratio",
                [plain["worker_us"] / attached["worker_us"] for plain, attached in rounds], "0.95")
    bench.number("processor time that the agent adds to a call", "agent_us",
                 [attached["worker_us"] - plain["worker_us"] for plain, attached in rounds], "µs")
    gate_parts.tell_busy(bench, rounds)
