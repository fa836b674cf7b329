import pytest
import shadowtutor as st

import scene


@pytest.fixture
def student():
    return st.Student.fresh(scene.CLASSES, width=0.25)
