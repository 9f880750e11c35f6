"""The topics of a vendor's security review: how one asks about each, and what a policy may say."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic; `{c}` stands for the company in its sentences."""

    noun: str
    affirmations: tuple[str, str, str]
    denial: str
    questions: tuple[str, ...]

    def sentences(self) -> tuple[tuple[str, str], ...]:
        """The five things a policy can come to on this topic, each with its verdict."""
        return (
            *(("yes", sentence) for sentence in self.affirmations),
            ("no", self.denial),
            ("needs review", f"The policy does not explicitly mention {self.noun}."),
        )


def _topic(noun: str, affirmations: str, denial: str, questions: str) -> Topic:
    first, second, third = (_sentence(part) for part in affirmations.split(" | "))
    return Topic(noun, (first, second, third), _sentence(denial), tuple(questions.split(" | ")))


def _sentence(part: str) -> str:
    return f"{part}." if part[0].isupper() else f"{{c}} {part}."


TOPICS: tuple[Topic, ...] = (
    _topic(
        "encryption at rest",
        "utilizes cloud-based storage with strong encryption (AES-256) and strict access controls"
        " | encrypts all stored data with strong keys | keeps databases on encrypted disks",
        "stores data without encryption",
        "will our data be encrypted at rest | do you encrypt stored data | is our data encrypted in storage"
        " | are databases encrypted | is stored data protected by encryption",
    ),
    _topic(
        "encryption of data in transit",
        "uses TLS for all connections | encrypts network traffic with TLS 1.3 | requires HTTPS on every endpoint",
        "allows plain HTTP connections",
        "will data transmitted to/from your services be encrypted in transit | do you use TLS"
        " | is traffic to your services encrypted | is data protected while transmitted | do you require HTTPS",
    ),
    _topic(
        "single sign-on",
        "offers Single Sign-On (SSO) using an Identity Provider | supports SAML sign-on for all users"
        " | lets users sign in with SSO",
        "supports password sign-in only",
        "do you support SSO | can we use our identity provider | is single sign-on available"
        " | do you offer SAML login | can users sign in with SSO",
    ),
    _topic(
        "multi-factor authentication",
        "uses role-based authentication with multi-factor security | requires MFA on every account"
        " | protects logins with a second factor",
        "makes the second factor optional",
        "do you enforce multi-factor authentication (MFA) internally | is multi-factor authentication required"
        " | do staff use a second factor | is MFA enforced | do logins need MFA",
    ),
    _topic(
        "a security team",
        "A dedicated security team follows strict protocols for handling incidents"
        " | employs full-time security engineers | runs an in-house security group",
        "has no security staff",
        "do you have a dedicated security team | do you have a security team | who handles security incidents"
        " | do you employ security staff | is there an incident response team",
    ),
    _topic(
        "third-party security audits or penetration testing",
        "is audited by a third party each year | commissions annual penetration tests"
        " | completed an external audit this year",
        "does not permit external audits",
        "have you undergone third-party security audits or penetration testing in the last 12 months"
        " | have you had a third-party audit | do you run penetration tests | are you audited externally"
        " | was a pen test done this year",
    ),
    _topic(
        "SOC 2",
        "maintains compliance with SOC 2 | holds a SOC 2 report | renews its SOC 2 attestation yearly",
        "has not obtained SOC 2",
        "is your software SOC 2, ISO 27001, or similarly certified | are you SOC 2 certified"
        " | do you have a SOC 2 report | is your software SOC 2 compliant | can you share a SOC 2 attestation",
    ),
    _topic(
        "GDPR",
        "complies with GDPR | follows GDPR for all EU data | honours GDPR requests",
        "does not serve EU customers",
        "are you GDPR compliant | do you follow GDPR | how do you treat EU personal data"
        " | do you honour GDPR rights | is EU data handled under GDPR",
    ),
    _topic(
        "HIPAA",
        "offers Business Associate Agreements for healthcare | supports HIPAA customers | signs a BAA on request",
        "will not sign a BAA",
        "do you support HIPAA | will you sign a BAA | can healthcare customers use you | are you HIPAA ready"
        " | is health data allowed under HIPAA",
    ),
    _topic(
        "data retention",
        "removes deleted content within 30 days | lets customers set retention periods | deletes old data on schedule",
        "keeps data forever",
        "how long is data retained | can we set data retention | is deleted data removed"
        " | do you have a retention policy | when is old data deleted",
    ),
    _topic(
        "model training",
        "never uses customer data for model training | excludes prompts from training"
        " | keeps conversations out of training",
        "trains models on customer data",
        "is our data kept out of model training | do you exclude our data from training"
        " | are prompts never used for training | is training on our data blocked"
        " | do models learn nothing from our data",
    ),
    _topic(
        "a bug bounty",
        "runs a bug bounty program | rewards reported vulnerabilities | pays researchers for findings",
        "does not reward researchers",
        "do you run a bug bounty | can researchers report bugs | is there a disclosure program"
        " | are vulnerability reports rewarded | do you pay for reported bugs",
    ),
    _topic(
        "SCIM provisioning",
        "automates provisioning through SCIM | provisions users with SCIM | syncs accounts over SCIM",
        "creates users by hand",
        "do you support SCIM | is user provisioning automated | can accounts be provisioned by SCIM"
        " | is provisioning automatic | can we sync users over SCIM",
    ),
    _topic(
        "role-based access",
        "uses role-based access control | limits access by role | grants least privilege by role",
        "gives every user full access",
        "do you use role-based access | is access limited by role | are permissions role based"
        " | do you apply least privilege | are there user roles",
    ),
    _topic(
        "audit logging",
        "keeps audit logs of all access | records every action in an audit log | exports audit logs on request",
        "keeps no access logs",
        "do you keep audit logs | are actions logged | is there audit logging | can we export logs"
        " | is access recorded in a log",
    ),
    _topic(
        "security monitoring",
        "monitors threats around the clock | watches for suspicious activity 24/7 | runs continuous monitoring",
        "monitors only in office hours",
        "do you monitor for threats | is monitoring 24/7 | is suspicious activity detected"
        " | do you have continuous monitoring | are threats watched around the clock",
    ),
    _topic(
        "network firewalls",
        "uses web application firewalls | filters traffic with firewalls | enforces strict ingress and egress controls",
        "runs without a firewall",
        "do you use a firewall | is network traffic filtered | do you have a WAF | is ingress controlled"
        " | are there web application firewalls",
    ),
    _topic(
        "physical security",
        "guards its data centers with cameras | controls entry to data centers | uses surveillance on site",
        "shares an open office",
        "are data centers guarded | is physical access controlled | do you have physical security"
        " | who can enter your sites | are there cameras in data centers",
    ),
    _topic(
        "code review",
        "requires mandatory reviews before deployment | reviews every code change | controls access to source code",
        "ships code without review",
        "do you review code | are code changes reviewed | is source code protected"
        " | is review required before deployment | who approves code changes",
    ),
    _topic(
        "backups",
        "takes daily backups | tests restores each quarter | keeps backups in two regions",
        "takes no backups",
        "do you take backups | are restores tested | is our data backed up | how often do you back up"
        " | where are backups kept",
    ),
    _topic(
        "vendor review",
        "reviews every vendor yearly | keeps a list of subprocessors | vets suppliers before use",
        "does not vet suppliers",
        "do you review vendors | is there a subprocessor list | are suppliers vetted | do you assess vendors"
        " | who are your subprocessors",
    ),
    _topic(
        "disaster recovery",
        "tests disaster recovery twice a year | has a recovery plan | fails over to a second region",
        "has no recovery plan",
        "do you have disaster recovery | is there a recovery plan | can you fail over | is disaster recovery tested"
        " | what happens after a disaster",
    ),
    _topic(
        "security training",
        "trains staff on security yearly | gives security training to new hires | runs phishing drills",
        "gives no security training",
        "do you train staff on security | is there awareness training | are phishing drills run"
        " | do new hires get security training | is staff trained to spot phishing",
    ),
    _topic(
        "ISO 27001",
        "is certified to ISO 27001 | holds ISO 27001 | was certified to ISO 27001 last year",
        "dropped its ISO 27001 certificate",
        "are you ISO 27001 certified | do you hold ISO 27001 | is there an ISO certificate"
        " | can you show ISO 27001 | do you follow ISO 27001",
    ),
)

FRAMES = (
    "{q}?",
    "Question: {q}?",
    "Please answer: {q}?",
    "Quick check, {q}?",
    "For our vendor form: {q}?",
    "{q}? Please explain.",
    "Our auditor asks: {q}?",
    "Hi, {q}?",
    "Item {n}: {q}?",
    "We need to know: {q}?",
    "Can you confirm: {q}?",
    "{q}? Thanks.",
    "Security review, {q}?",
    "{q}? Cite the policy.",
    "Before we sign: {q}?",
    "Hello, a customer asks: {q}?",
)


def ask(topic: Topic, question: int, frame: int, number: int) -> str:
    """A question about a topic, in a frame."""
    text = FRAMES[frame].format(q=topic.questions[question], n=number)
    return text[0].upper() + text[1:]
