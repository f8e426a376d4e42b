"""NeMo Gym as its package stands, with the gateway as the resources server of its configuration. Ray, of which it asks the version alone, is
not there."""

import importlib.metadata
import os
import pathlib
import sys
import types

import pytest
from own_rewards import rewards_of  # noqa: F401  a fixture

PACKAGE = pathlib.Path(os.environ["REWARDGATE_TEST_PACKAGES"]) / "nemo-gym==0.7.0"
sys.path.insert(0, str(PACKAGE))
version_of = importlib.metadata.version
importlib.metadata.version = lambda name: "0" if name == "ray" else version_of(name)

HOST, PORT = os.environ["REWARDGATE_TEST_HTTP"].removeprefix("http://").split(":")


@pytest.fixture(scope="session")
def gym():
    """NeMo Gym with a configuration that its own parser has read: the gateway, and an agent that names it."""
    from nemo_gym import global_config, server_utils
    from omegaconf import OmegaConf

    written = {
        "rewardgate": {"resources_servers": {"rewardgate": {"entrypoint": "app.py", "domain": "rlhf", "host": HOST, "port": int(PORT)}}},
        "judged_agent": {
            "responses_api_agents": {
                "simple_agent": {"entrypoint": "app.py", "resources_server": {"type": "resources_servers", "name": "rewardgate"}}
            }
        },
    }
    parser = global_config.GlobalConfigDictParserConfig(
        initial_global_config_dict=OmegaConf.create(written), skip_load_from_cli=True, skip_load_from_dotenv=True, offline=True
    )
    parsed = global_config.GlobalConfigDictParser().parse(parser)
    # As a process that Gym starts is told of it.
    os.environ[global_config.NEMO_GYM_CONFIG_DICT_ENV_VAR_NAME] = OmegaConf.to_yaml(parsed)
    return types.SimpleNamespace(client=server_utils.setup_server_client, config=parsed)
