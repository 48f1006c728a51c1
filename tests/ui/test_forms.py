from __future__ import annotations

from django import forms
from django.template.loader import render_to_string


class Form(forms.Form):
    name = forms.CharField(label="Nazwa", help_text="Z wiadomości")
    password = forms.CharField(
        label="Hasło", widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    way = forms.ChoiceField(label="Sposób", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    agree = forms.BooleanField(label="Zgoda")
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


def field(form: forms.Form, name: str) -> str:
    return render_to_string("ui/components/field.html", {"field": form[name]})


def test_the_label_belongs_to_the_input() -> None:
    html = field(Form(), "name")

    assert '<label class="field-label" for="id_name">Nazwa</label>' in html
    assert 'id="id_name"' in html


def test_the_hint_is_read_with_the_input() -> None:
    html = field(Form(), "name")

    assert 'aria-describedby="id_name-hint"' in html
    assert 'id="id_name-hint"' in html
    assert "aria-invalid" not in html


def test_the_error_is_read_with_the_input() -> None:
    html = field(Form({}), "name")

    assert 'aria-describedby="id_name-hint id_name-error"' in html
    assert 'id="id_name-error"' in html
    assert 'aria-invalid="true"' in html


def test_password_managers_know_the_field() -> None:
    html = field(Form(), "password")

    assert 'type="password"' in html
    assert 'autocomplete="current-password"' in html
    assert "data-show-password" in html


def test_choices_stand_in_a_named_group() -> None:
    html = field(Form({}), "way")

    assert '<legend class="field-label">Sposób</legend>' in html
    assert 'aria-describedby="id_way-error"' in html


def test_a_box_has_its_label_beside() -> None:
    assert '<label for="id_agree">Zgoda</label>' in field(Form(), "agree")


def test_a_hidden_field_stays_bare() -> None:
    assert "<label" not in field(Form(), "secret")


def test_the_summary_leads_to_the_fields() -> None:
    html = render_to_string("ui/components/error_summary.html", {"form": Form({})})

    assert 'role="alert"' in html
    assert 'href="#id_name"' in html
    assert 'href="#id_way_0"' in html


def test_no_errors_means_no_summary() -> None:
    assert render_to_string("ui/components/error_summary.html", {"form": Form()}).strip() == ""
