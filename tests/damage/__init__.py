"""Models with every sort of damage, and what the program makes of them.

`python -m tests.damage` makes some hundred variants of tiny models and loads each as the program
does. A variant ends in an answer or in one line; the tests call the same.
"""
