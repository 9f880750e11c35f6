from burnish.starter.tasks.topics import FRAMES, TOPICS, ask


def test_a_topic_comes_to_three_yeses_a_no_and_a_review():
    for topic in TOPICS:
        assert [verdict for verdict, _ in topic.sentences()] == ["yes", "yes", "yes", "no", "needs review"]


def test_no_two_sentences_of_any_topics_are_the_same():
    sentences = [sentence for topic in TOPICS for _, sentence in topic.sentences()]
    assert len(set(sentences)) == len(sentences) == 24 * 5


def test_the_guides_own_questions_are_asked():
    asked = {ask(topic, q, 0, 1) for topic in TOPICS for q in range(len(topic.questions))}
    assert asked >= {
        "Do you have a dedicated security team?",
        "Have you undergone third-party security audits or penetration testing in the last 12 months?",
        "Is your software SOC 2, ISO 27001, or similarly certified?",
        "Will our data be encrypted at rest?",
        "Will data transmitted to/from your services be encrypted in transit?",
        "Do you enforce multi-factor authentication (MFA) internally?",
    }


def test_a_frame_with_a_number_shows_it():
    assert ask(TOPICS[0], 1, FRAMES.index("Item {n}: {q}?"), 7) == "Item 7: do you encrypt stored data?"
