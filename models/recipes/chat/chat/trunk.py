"""The trunk (a MiniLM encoder with a prefix mask) and the heads, in PyTorch.

A row may hold several candidates of one prompt: prompt tokens attend to prompt
tokens, a candidate's tokens to the prompt and to themselves. So the prompt is
computed once for a pair, and what is read at prompt positions cannot depend on
a candidate. With one candidate per row this is the graph that is exported.
"""

import torch
from torch import nn
from torch.nn import functional as F

#: Five of the six layers of the base model: probes on the fifth beat those on the sixth.
HIDDEN, LAYERS, HEADS, INNER, POSITIONS = 384, 5, 12, 1536, 512
EPSILON = 1e-12


class Layer(nn.Module):
    """One post-norm transformer layer of BERT. Input and output `[B, S, 384]`."""

    def __init__(self, dropout):
        super().__init__()
        self.qkv = nn.Linear(HIDDEN, 3 * HIDDEN)
        self.out = nn.Linear(HIDDEN, HIDDEN)
        self.norm1 = nn.LayerNorm(HIDDEN, eps=EPSILON)
        self.up = nn.Linear(HIDDEN, INNER)
        self.down = nn.Linear(INNER, HIDDEN)
        self.norm2 = nn.LayerNorm(HIDDEN, eps=EPSILON)
        self.dropout = dropout

    def forward(self, x, allowed):
        """`x` `[B, S, 384]`; `allowed` bool `[B, 1, S, S]`, True where query may see key."""
        rows, length, _ = x.shape
        q, k, v = self.qkv(x).view(rows, length, 3, HEADS, HIDDEN // HEADS).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed)
        mixed = mixed.transpose(1, 2).reshape(rows, length, HIDDEN)
        drop = self.dropout if self.training else 0.0
        x = self.norm1(x + F.dropout(self.out(mixed), drop, self.training))
        return self.norm2(x + F.dropout(self.down(F.gelu(self.up(x))), drop, self.training))


class Trunk(nn.Module):
    """The lower layers of MiniLM-L6 with segment embeddings for prompt and candidate and a prefix mask."""

    def __init__(self, vocabulary=30522, dropout=0.1):
        super().__init__()
        self.words = nn.Embedding(vocabulary, HIDDEN)
        self.positions = nn.Embedding(POSITIONS, HIDDEN)
        self.types = nn.Embedding(2, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=EPSILON)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(LAYERS))

    def load_base(self, tensors):
        """Copies the tensors of a Hugging Face `BertModel` (dict name → tensor)."""
        with torch.no_grad():
            for mine, theirs in (("words", "word"), ("positions", "position"), ("types", "token_type")):
                getattr(self, mine).weight.copy_(tensors[f"embeddings.{theirs}_embeddings.weight"])
            _copy(self.norm, tensors, "embeddings.LayerNorm")
            for index, layer in enumerate(self.layers):
                at = f"encoder.layer.{index}"
                for field in ("weight", "bias"):
                    parts = [tensors[f"{at}.attention.self.{n}.{field}"] for n in ("query", "key", "value")]
                    getattr(layer.qkv, field).copy_(torch.cat(parts))
                _copy(layer.out, tensors, f"{at}.attention.output.dense")
                _copy(layer.norm1, tensors, f"{at}.attention.output.LayerNorm")
                _copy(layer.up, tensors, f"{at}.intermediate.dense")
                _copy(layer.down, tensors, f"{at}.output.dense")
                _copy(layer.norm2, tensors, f"{at}.output.LayerNorm")

    def embed(self, batch):
        """Embeds a batch: `ids`, `place`, `group` int64 `[B, S]` → `[B, S, 384]`."""
        kinds = (batch["group"] > 0).long()
        return self.norm(self.words(batch["ids"]) + self.positions(batch["place"]) + self.types(kinds))

    def lower(self, batch, frozen):
        """Hidden states `[B, S, 384]` after the first `frozen` layers."""
        x, allowed = self.embed(batch), allowed_mask(batch["group"])
        for layer in self.layers[:frozen]:
            x = layer(x, allowed)
        return x

    def upper(self, x, group, frozen):
        """The other layers: `[B, S, 384]` → mean of the last two layers' states, `[B, S, 384]`.

        `group` is 0 at prompt tokens, 1, 2, … at the tokens of each candidate, −1 at padding.
        """
        allowed, states = allowed_mask(group), [x]
        for layer in self.layers[frozen:]:
            states.append(layer(states[-1], allowed))
        return (states[-1] + states[-2]) / 2

    def forward(self, batch):
        """All layers: what is pooled, `[B, S, 384]`."""
        return self.upper(self.lower(batch, 0), batch["group"], 0)


def _copy(module, tensors, name):
    module.weight.copy_(tensors[f"{name}.weight"])
    module.bias.copy_(tensors[f"{name}.bias"])


def allowed_mask(group):
    """Prefix mask: `group` int64 `[B, S]` → bool `[B, 1, S, S]`, True where a query may see a key."""
    query, key = group.unsqueeze(2), group.unsqueeze(1)
    return ((key == 0) | ((key == query) & (key > 0))).unsqueeze(1)


def pool(hidden, group, count):
    """Means of the final states per part: `[B, count + 1, 384]`; part 0 is the prompt."""
    parts = torch.arange(count + 1).view(1, -1, 1)
    weight = (group.unsqueeze(1) == parts).to(hidden.dtype)
    return weight @ hidden / weight.sum(2, keepdim=True).clamp(min=1)


class Gating(nn.Module):
    """`softmax(MLP(prompt) / temperature)` over K objectives, after ArmoRM (Wang et al. 2024)."""

    def __init__(self, objectives, inner=64, temperature=1.0, dropout=0.2):
        super().__init__()
        self.first = nn.Linear(HIDDEN, inner)
        self.second = nn.Linear(inner, objectives)
        self.temperature = temperature
        self.dropout = dropout

    def logits(self, prompt):
        """`prompt` `[B, 384]` → logits `[B, K]`, already divided by the temperature."""
        inner = F.dropout(F.relu(self.first(prompt)), self.dropout, self.training)
        return self.second(inner) / self.temperature

    def forward(self, prompt):
        """`prompt` `[B, 384]` → weights `[B, K]` that sum to 1."""
        return torch.softmax(self.logits(prompt), -1)
