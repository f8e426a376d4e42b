import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { html, trusted } from "../../../../src/evaluation/report/page/markup.ts";

describe("html", () => {
  it("escapes what is filled in, in text and in attributes", () => {
    const name = `<script>"it's" & more`;
    assert.equal(
      html`<b title="${name}">${name}</b>`.markup,
      '<b title="&lt;script&gt;&quot;it&#39;s&quot; &amp; more">&lt;script&gt;&quot;it&#39;s&quot; &amp; more</b>',
    );
  });

  it("takes markup as it stands, joins lists, and leaves out what is not there", () => {
    const items = ["a", "<"].map((item) => html`<li>${item}</li>`);
    assert.equal(html`<ul>${items}${undefined}${null}${false}${0}</ul>`.markup, "<ul><li>a</li><li>&lt;</li>0</ul>");
    assert.equal(html`${trusted("<svg></svg>")}`.markup, "<svg></svg>");
  });
});
