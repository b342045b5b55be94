"""The compiled part only: pyproject.toml can declare it just beside a [project] table."""

import sysconfig

from setuptools import Extension, setup

# Free-threaded Pythons have no stable ABI; the build fails there, and they take the plain parser.
stable = not sysconfig.get_config_var("Py_GIL_DISABLED")

setup(
    ext_modules=[
        Extension(
            "skelfuse.datasets._ntu_scan",
            sources=["datasets/_ntu_scan.c"],
            py_limited_api=stable,
            optional=True,  # without a compiler ntu_text_plain.py does the same in Python
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if stable else {},
)
