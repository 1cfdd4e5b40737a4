"""A template that is loaded says the same as CloudFormation's own JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from callapi.template import load_template


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!Ref Table", {"Ref": "Table"}),
        ("!GetAtt Table.Arn", {"Fn::GetAtt": ["Table", "Arn"]}),
        ("!GetAtt Nested.Outputs.Address", {"Fn::GetAtt": ["Nested", "Outputs.Address"]}),
        ("!GetAtt [Table, Arn]", {"Fn::GetAtt": ["Table", "Arn"]}),
        ('!Sub "${Table}-x"', {"Fn::Sub": "${Table}-x"}),
        ("!Not [!Equals [!Ref A, x]]", {"Fn::Not": [{"Fn::Equals": [{"Ref": "A"}, "x"]}]}),
        ("!Transform {Name: n}", {"Fn::Transform": {"Name": "n"}}),
        ("!Condition Here", {"Condition": "Here"}),
    ],
)
def test_short_forms_are_written_out(tmp_path: Path, text: str, value: object) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(f"Value: {text}\n")
    assert load_template(file) == {"Value": value}


def test_merge_keys_are_resolved(tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    file.write_text("A: &a {x: 1, y: !Ref Y}\nB: {<<: *a, x: 2}\n")
    assert load_template(file)["B"] == {"x": 2, "y": {"Ref": "Y"}}
