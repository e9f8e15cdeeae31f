"""The displays and languages that the page is made for, and what has to be readable on them from where.

A character is read by its angle. ISO 9241-303 wants 20 to 22 minutes of arc for Latin characters and digits, 16 at the
least; Chinese ones have more strokes and want more. At 2 m, the distance of a holder with a tray, 22' are 12.8 mm: so high
are the amount's digits and what the terminal says in Chinese at least. English besides Chinese is for who stands before
it, at 1 m, and alone has to do with the least, 16' at 2 m.
"""

import math

LANGUAGES = ("both", "zh", "en")


def millimetres(minutes, metres):
    """How high is what is seen under so many minutes of arc."""
    return 2000 * metres * math.tan(math.radians(minutes / 60) / 2)


# Heights of a digit, of a Chinese character, and of a capital.
AMOUNT_LEAST = millimetres(22, 2)
CHINESE_LEAST = millimetres(22, 2)
ENGLISH_ALONE_LEAST = millimetres(16, 2)
ENGLISH_BESIDE_LEAST = millimetres(16, 1)
# The cashier has it at arm's length.
CASHIER_AMOUNT_LEAST = millimetres(22, 0.8)
# What a finger hits without looking, ISO 9241-410 and the makers of telephones agree on.
KEY_LEAST = 9.0


class Display:
    def __init__(self, width, height, inches):
        self.width, self.height, self.name = width, height, f"{width}x{height}"
        self.pitch = inches * 25.4 / math.hypot(width, height)

    def millimetres(self, pixels):
        return pixels * self.pitch


DISPLAYS = (Display(800, 480, 7), Display(1024, 600, 10.1), Display(1280, 800, 10.1), Display(480, 800, 7))
